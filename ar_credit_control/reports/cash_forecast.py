from odoo import fields, models
from odoo.tools import SQL


class CashForecast(models.Model):
    """When the open items will be paid, by what is known of how late their customers pay.

    Expected is the due date plus the customer's expected delay, not before today. Customers who
    are not assessed pay with the company's average delay, weighted by what each customer's rests
    on; without any assessed customer the due date stands. The interval holds eight payments of
    ten; an item that is later than expected already keeps the interval's width from today on.

    What is open in a customer's favour settles his oldest items of the same company and currency
    first: only what is left of them is expected as cash.
    """

    _name = "ar.cash.forecast"
    _inherit = "ar.open.item"
    _description = "Expected cash"
    _auto = False
    _log_access = False
    _order = "date_expected, id"
    _depends = {
        "ar.credit.profile": [
            "company_id", "delay_earliest", "delay_latest", "expected_delay", "partner_id",
            "score_grade", "score_observations",
        ],
    }  # fmt: skip

    date_expected = fields.Date("Expected on", readonly=True)
    date_earliest = fields.Date("Not before", readonly=True)
    date_latest = fields.Date("Not after", readonly=True)
    days_late = fields.Integer("Days after due", readonly=True, aggregator="avg")
    expected = fields.Monetary("Expected cash", readonly=True, currency_field="company_currency_id")
    expected_currency = fields.Monetary("Expected in currency", readonly=True, aggregator=None)
    basis = fields.Selection(
        [
            ("customer", "Own payments"),
            ("company", "All customers"),
            ("due", "Due date"),
        ],
        readonly=True,
        help="What the expected date rests on: how late the customer pays, how late all customers "
        "pay on average, or nothing but the due date.",
    )
    later_than_usual = fields.Boolean(
        readonly=True, help="Later already than nine of ten payments: do not count on the date."
    )

    @property
    def _table_query(self):
        today = fields.Date.context_today(self)
        return SQL(
            """
            SELECT item.*, %(today)s - item.date_due AS days_overdue, %(bucket)s AS bucket,
                   item.date_expected - item.date_due AS days_late,
                   item.date_due + item.latest < %(today)s AS later_than_usual,
                   GREATEST(item.date_due + item.earliest, %(today)s) AS date_earliest,
                   GREATEST(item.date_due + item.latest,
                            item.date_expected + item.latest - item.delay) AS date_latest
              FROM (
                SELECT netted.*, GREATEST(netted.date_due + netted.delay, %(today)s)
                           AS date_expected
                  FROM (%(netted)s) netted
                 WHERE netted.expected > 0
              ) item
            """,
            today=today,
            bucket=self._bucket_sql(SQL("(%s - item.date_due)", today)),
            netted=self._netted_sql(),
        )

    def _netted_sql(self):
        """Debit items with what is left of them, and the delays of their customers in days."""
        return SQL(
            """
            SELECT item.*, item.left_over AS expected_currency,
                   ROUND(item.residual * item.left_over / item.residual_currency,
                         currency.decimal_places) AS expected,
                   CASE WHEN profile.id IS NOT NULL THEN 'customer'
                        WHEN average.company_id IS NOT NULL THEN 'company'
                        ELSE 'due' END AS basis,
                   %(delays)s
              FROM (%(items)s) item
              JOIN res_currency currency ON currency.id = item.company_currency_id
         LEFT JOIN ar_credit_profile profile
                ON profile.partner_id = item.partner_id
               AND profile.company_id = item.root_company_id AND profile.score_grade IS NOT NULL
         LEFT JOIN (%(averages)s) average ON average.company_id = item.root_company_id
             WHERE item.residual_currency > 0
            """,
            delays=self._delays_sql(),
            items=self._left_over_sql(),
            averages=self._averages_sql(),
        )

    def _delays_sql(self):
        """Whole days beyond terms; the interval never leaves out what it is about."""
        delay = SQL("COALESCE(profile.expected_delay, average.expected_delay, 0)")
        earliest = SQL("COALESCE(profile.delay_earliest, average.delay_earliest, 0)")
        latest = SQL("COALESCE(profile.delay_latest, average.delay_latest, 0)")
        return SQL(
            "ROUND(%(delay)s::numeric)::int AS delay,"
            " ROUND(LEAST(%(earliest)s, %(delay)s)::numeric)::int AS earliest,"
            " ROUND(GREATEST(%(latest)s, %(delay)s)::numeric)::int AS latest",
            delay=delay,
            earliest=earliest,
            latest=latest,
        )

    def _left_over_sql(self):
        """Open items with what credit of the same customer leaves of them, oldest paid first."""
        same = SQL("PARTITION BY item.partner_id, item.company_id, item.currency_id")
        return SQL(
            """
            SELECT item.*, LEAST(item.residual_currency, GREATEST(0,
                       COALESCE(SUM(item.residual_currency)
                           FILTER (WHERE item.residual_currency > 0)
                           OVER (%(same)s ORDER BY item.date_due, item.id), 0)
                     + COALESCE(SUM(item.residual_currency)
                           FILTER (WHERE item.residual_currency < 0) OVER (%(same)s), 0)
                   )) AS left_over
              FROM (%(items)s) item
            """,
            same=same,
            items=self._items_sql(False),
        )

    def _averages_sql(self):
        return SQL(
            """
            SELECT company_id, %s
              FROM ar_credit_profile
             WHERE score_grade IS NOT NULL
          GROUP BY company_id
            HAVING SUM(score_observations) > 0
            """,
            SQL(", ").join(
                SQL(
                    "SUM(%(name)s * score_observations) / SUM(score_observations) AS %(name)s",
                    name=SQL.identifier(name),
                )
                for name in ("expected_delay", "delay_earliest", "delay_latest")
            ),
        )
