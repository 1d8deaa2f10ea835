"""The demo company: words and ledger are pure; company loads them through the importer."""
