"""The documented words of workflows as GraphQL enums."""

from db.integration.workflow.row import RunPause, RunState, StepState, WorkflowActionType, WorkflowEntity
from engine.values.words import worded
from resolvers.integration import enums as _registered  # noqa: F401  those of webhooks, which steps use

worded(
    WorkflowEntity,
    "What a workflow is about.",
    {
        WorkflowEntity.ORDER: "An order that somebody placed.",
        WorkflowEntity.SHIPMENT: "An order as far as it is sent; its `status` is that of the shipping.",
        WorkflowEntity.CUSTOMER: "Somebody who buys, or may.",
        WorkflowEntity.PRODUCT: "A product, or one of its variants.",
    },
)
worded(
    WorkflowActionType,
    "What a step does.",
    {
        WorkflowActionType.SEND_EMAIL: "Sends a letter to the customer, the administrator or one address.",
        WorkflowActionType.SEND_PUSH: "Tells the browsers of users.",
        WorkflowActionType.WEBHOOK: "Asks another system, once; unsigned, with the step's key as `webhook-id`.",
        WorkflowActionType.UPDATE_STATUS: "Changes the status of what the workflow is about, as anybody would.",
        WorkflowActionType.WAIT: "Pauses the run for a while.",
    },
)
worded(
    RunState,
    "How far a run has come.",
    {
        RunState.RUNNING: "It is under way, or about to be.",
        RunState.PAUSED: "It goes on later, or when somebody resumes it: `paused` says why.",
        RunState.COMPLETED: "All of its steps are done.",
        RunState.FAILED: "A step failed, and the run with it; it can be tried again from there.",
        RunState.CANCELED: "Somebody canceled it.",
    },
    name="WorkflowRunState",
)
worded(
    RunPause,
    "Why a run is paused.",
    {
        RunPause.WAIT: "One of its steps waits; it goes on at `resumesAt`.",
        RunPause.UNAVAILABLE: "Whom a step needs is not there. It is tried again, for a day.",
        RunPause.BY_HAND: "Somebody paused it, and somebody has to resume it.",
    },
    name="WorkflowRunPauseReason",
)
worded(
    StepState,
    "How far a step has come.",
    {
        StepState.RUNNING: "It was begun; what became of it is not known yet, or it is tried again.",
        StepState.COMPLETED: "It is done.",
        StepState.FAILED: "It failed, and the run with it.",
    },
    name="WorkflowStepState",
)
