"""Importers: a folder per source, and what they share — mappings, reconciling, checkpoints, reports."""
