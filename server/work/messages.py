"""What sends letters and notifications, as the settings say."""

from connectors.mail.address import read_sender
from connectors.mail.sending import Account, Mail
from connectors.mail.tls import PORTS
from connectors.outbound.client import Outbound
from connectors.push.keys import VapidKeys
from connectors.push.sending import Identity, Push
from db.secrets.encrypted import Secret
from db.store.database import Database
from server.settings.settings import Settings


def mail(settings: Settings) -> Mail:
    if settings.mail_host is None or settings.mail_from is None:
        return Mail(None, settings.mail_admin)
    password = settings.mail_password
    account = Account(
        host=settings.mail_host,
        port=settings.mail_port or PORTS[settings.mail_tls],
        sender=read_sender(settings.mail_from),
        tls=settings.mail_tls,
        user=settings.mail_user,
        password=None if password is None else Secret(password.get_secret_value()),
        connect=settings.mail_connect_seconds,
        total=settings.mail_seconds,
    )
    return Mail(account, settings.mail_admin)


def push(settings: Settings, database: Database, outbound: Outbound) -> Push:
    key, contact = settings.push_private_key, settings.push_contact
    identity = None if key is None or contact is None else Identity(VapidKeys(key.get_secret_value()), contact)
    return Push(identity, database, outbound)
