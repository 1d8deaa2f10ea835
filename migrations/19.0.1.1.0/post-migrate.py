"""The statements that commissions are on move to a table of their own. What was settled is on an
approved statement, which says so from now on."""


def migrate(cr, version):
    cr.execute(
        """
        INSERT INTO ar_commission_place (id, company_ref, statement_id)
        SELECT id, company_id, statement_id FROM ar_commission_entry ORDER BY id;
        ALTER TABLE ar_commission_entry DROP COLUMN state, DROP COLUMN statement_id;
        """
    )
