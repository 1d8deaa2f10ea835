"""How the database itself notes that a stored part may no longer be true.

Triggers rather than overrides: what a journal item repeats of its entry, and what merging contacts
or accounts changes, never passes through the ORM's ``write``. A note is a row added without any
constraint, so nobody who works in the ledger waits for the night or the night for them. Nothing
runs when entries are posted or matched: only changes of posted entries and of who a contact belongs
to, and matchings undone.
"""

# Every matching of the entry: its other lines decide whether it is a payment.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION ar_score_note_entry(entry int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO ar_score_part_note (match_id, company_id)
    SELECT match.id, match.company_id
      FROM account_move_line line
      JOIN account_partial_reconcile match ON match.debit_move_id = line.id
     WHERE line.move_id = entry
     UNION
    SELECT match.id, match.company_id
      FROM account_move_line line
      JOIN account_partial_reconcile match ON match.credit_move_id = line.id
     WHERE line.move_id = entry
$$;
CREATE OR REPLACE FUNCTION ar_score_note_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ar_score_note_entry(OLD.id);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION ar_score_note_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ar_score_note_entry(OLD.move_id);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION ar_score_note_partner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ar_score_part_note (match_id, company_id)
    SELECT match.id, match.company_id
      FROM res_partner contact
      JOIN account_move_line line ON line.partner_id = contact.id
      JOIN account_partial_reconcile match ON match.debit_move_id = line.id
     WHERE contact.id = OLD.id OR contact.commercial_partner_id = OLD.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION ar_score_note_match() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ar_score_part_note (match_id, company_id) VALUES (OLD.id, OLD.company_id);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION ar_score_forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ar_score_part_reach SET last_match = 0;  -- also where it is: a night may be at it
    RETURN NULL;
END $$;
"""

# A line added to a posted entry comes with its state unset. What is changed while an entry is a
# draft needs no note: until it is posted again the one of its reset stands.
TRIGGERS = """
CREATE OR REPLACE TRIGGER ar_score_move_changed
AFTER UPDATE OF state, date, invoice_date, journal_id, company_id, reversed_entry_id ON account_move
FOR EACH ROW
WHEN (OLD.state = 'posted' AND (
      OLD.state, OLD.date, OLD.invoice_date, OLD.journal_id, OLD.company_id, OLD.reversed_entry_id)
      IS DISTINCT FROM (
      NEW.state, NEW.date, NEW.invoice_date, NEW.journal_id, NEW.company_id, NEW.reversed_entry_id))
EXECUTE FUNCTION ar_score_note_move();

CREATE OR REPLACE TRIGGER ar_score_line_changed
AFTER UPDATE OF parent_state, partner_id, account_id, date_maturity, balance, amount_currency
ON account_move_line FOR EACH ROW
WHEN (OLD.parent_state = 'posted' AND (
      OLD.partner_id, OLD.account_id, OLD.date_maturity, OLD.balance, OLD.amount_currency)
      IS DISTINCT FROM (
      NEW.partner_id, NEW.account_id, NEW.date_maturity, NEW.balance, NEW.amount_currency)
      OR OLD.parent_state IS NULL AND NEW.parent_state = 'posted')
EXECUTE FUNCTION ar_score_note_line();

CREATE OR REPLACE TRIGGER ar_score_line_deleted
AFTER DELETE ON account_move_line FOR EACH ROW WHEN (OLD.parent_state = 'posted')
EXECUTE FUNCTION ar_score_note_line();

CREATE OR REPLACE TRIGGER ar_score_partner_changed
AFTER UPDATE OF commercial_partner_id, country_id ON res_partner FOR EACH ROW
WHEN ((OLD.commercial_partner_id, OLD.country_id)
      IS DISTINCT FROM (NEW.commercial_partner_id, NEW.country_id))
EXECUTE FUNCTION ar_score_note_partner();

CREATE OR REPLACE TRIGGER ar_score_match_changed
AFTER UPDATE OF debit_move_id, credit_move_id, debit_amount_currency ON account_partial_reconcile
FOR EACH ROW
WHEN ((OLD.debit_move_id, OLD.credit_move_id, OLD.debit_amount_currency)
      IS DISTINCT FROM (NEW.debit_move_id, NEW.credit_move_id, NEW.debit_amount_currency))
EXECUTE FUNCTION ar_score_note_match();

CREATE OR REPLACE TRIGGER ar_score_match_deleted
AFTER DELETE ON account_partial_reconcile FOR EACH ROW
EXECUTE FUNCTION ar_score_note_match();

CREATE OR REPLACE TRIGGER ar_score_account_changed
AFTER UPDATE OF account_type ON account_account FOR EACH ROW
WHEN (OLD.account_type IS DISTINCT FROM NEW.account_type)
EXECUTE FUNCTION ar_score_forget();

CREATE OR REPLACE TRIGGER ar_score_journal_changed
AFTER UPDATE OF type ON account_journal FOR EACH ROW
WHEN (OLD.type IS DISTINCT FROM NEW.type)
EXECUTE FUNCTION ar_score_forget();

CREATE OR REPLACE TRIGGER ar_score_company_changed
AFTER UPDATE OF currency_exchange_journal_id, parent_id ON res_company FOR EACH ROW
WHEN ((OLD.currency_exchange_journal_id, OLD.parent_id)
      IS DISTINCT FROM (NEW.currency_exchange_journal_id, NEW.parent_id))
EXECUTE FUNCTION ar_score_forget();
"""

REACHES = """
INSERT INTO ar_score_part_reach (company_id, last_match)
SELECT id, 0 FROM res_company WHERE parent_id IS NULL ON CONFLICT (company_id) DO NOTHING
"""

INSTALL = FUNCTIONS + TRIGGERS

# With CASCADE: the triggers go too, or nobody could undo a matching any more.
REMOVE = """
DROP FUNCTION IF EXISTS ar_score_note_entry, ar_score_note_move, ar_score_note_line,
    ar_score_note_partner, ar_score_note_match, ar_score_forget CASCADE
"""
