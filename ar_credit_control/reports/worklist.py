from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..models import contact_sql
from ..models.score_profile import GRADES
from ..rules.collection_case import SILENT
from ..rules.worklist import KINDS, Task, task_key

COMPANY = ("company",)
SHOWN = 12  # contacts and open items on the screen of a customer
# Steps of others: who reviews credit or speaks first for sales has these on his own desk.
OTHERS = ("ar_credit_control.activity_review", "ar_credit_control.activity_dunning_ask")


class Worklist(models.Model):
    """The collector's day at the current company: each customer with its best next action.

    A row is a customer and stays readable when there is nothing to do any more, so that who goes
    from one to the next does not lose the place. The order is that of ``rules/worklist.py``.
    """

    _name = "ar.worklist"
    _description = "Worklist of collection"
    _auto = False
    _rec_name = "partner_id"
    _order = "rank, overdue desc, oldest_due, id"
    _depends = {
        "account.move.line": [
            "account_id", "amount_residual", "company_id", "date", "date_maturity",
            "parent_state", "partner_id", "reconciled",
        ],
        "ar.absence": ["user_id", "deputy_id", "date_from", "date_to"],
        "ar.contact": [
            "company_id", "date", "direction", "next_date", "next_done", "next_step", "outcome",
            "partner_id",
        ],
        "ar.collection.case": ["company_id", "next_date", "next_step", "partner_id", "phase"],
        "ar.collection.case.line": ["case_id", "move_line_id"],
        "ar.delivery.problem": [
            "company_id", "deadline", "move_id", "opened_on", "partner_id", "state",
        ],
        "ar.promise": [
            "broken_at", "company_id", "date", "judged_on", "partner_id", "plan_id", "state",
        ],
        "ar.promise.line": ["is_open", "move_line_id", "plan_id", "promise_id"],
        "ar.dispute": ["company_id", "deadline", "partner_id", "state"],
        "ar.dispute.line": ["amount", "is_open", "move_line_id"],
        "ar.credit.profile": [
            "collector_id", "company_id", "dunning_level", "grade", "partner_id", "user_id",
        ],
        "mail.activity": [
            "active", "activity_type_id", "date_deadline", "res_id", "res_model", "summary",
        ],
        "res.partner": ["commercial_partner_id", "customer_rank", "user_id"],
    }  # fmt: skip

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True, depends_context=COMPANY)
    currency_id = fields.Many2one(related="company_id.currency_id")
    collector_id = fields.Many2one(
        "res.users",
        readonly=True,
        depends_context=COMPANY,
        help="Who follows the customer up, or the deputy during an absence.",
    )
    salesperson_id = fields.Many2one("res.users", readonly=True)
    kind = fields.Selection(
        [
            ("broken_promise", "Promise broken"),
            ("case_due", "Deadline of a case"),
            ("call_due", "Step due"),
            ("dispute_due", "Dispute past its deadline"),
            ("stale", "No contact"),
            ("delivery_problem", "E-invoice to fix"),
        ],
        string="Why today",
        readonly=True,
        depends_context=COMPANY,
    )
    rank = fields.Integer(readonly=True, aggregator=None, depends_context=COMPANY)
    day = fields.Date(string="Due since", readonly=True, depends_context=COMPANY)
    title = fields.Char(readonly=True, depends_context=COMPANY)
    tasks = fields.Integer(string="Things to do", readonly=True, depends_context=COMPANY)
    balance = fields.Monetary(string="Open balance", readonly=True, depends_context=COMPANY)
    overdue = fields.Monetary(readonly=True, depends_context=COMPANY)
    oldest_due = fields.Date(string="Overdue since", readonly=True, depends_context=COMPANY)
    last_contact = fields.Datetime(string="Last contact", readonly=True, depends_context=COMPANY)
    next_date = fields.Date(string="Next action on", readonly=True, depends_context=COMPANY)
    grade = fields.Selection(GRADES, readonly=True, depends_context=COMPANY)
    dunning_level = fields.Integer(readonly=True, aggregator="max", depends_context=COMPANY)
    suggestion = fields.Char(compute="_compute_suggestion", string="What to do")
    also = fields.Text(compute="_compute_also")
    ar_widget = fields.Json(related="partner_id.ar_widget", string="Position")
    phone = fields.Char(related="partner_id.phone")
    email = fields.Char(related="partner_id.email")
    contact_ids = fields.Many2many("ar.contact", compute="_compute_contact_ids", string="Contacts")
    open_item_ids = fields.Many2many("ar.open.item", compute="_compute_open_item_ids")

    # ------------------------------------------------------------------ words
    @api.depends("kind", "day", "title", "last_contact")
    @api.depends_context("lang", "company")
    def _compute_suggestion(self):
        for row in self:
            task = Task(row.kind, row.day, row.title or "") if row.kind else None
            row.suggestion = row._words(task) if task else self.env._("Nothing to do today.")

    def _words(self, task):
        """What to do about a task, as one sentence."""
        day = format_date(self.env, task.day)
        match task.kind:
            case "broken_promise":
                text = self.env._("Call: promised for %s, and not paid.", day)
            case "case_due":
                return task.title or self.env._("Go on with the case.")
            case "dispute_due":
                text = self.env._("Settle the dispute: its deadline was %s.", day)
            case "delivery_problem":
                text = self.env._("Correct the e-invoice and send it again.")
            case "call_due":
                return task.title or self.env._("Call the customer")
            case _:
                return self._words_stale()
        return f"{text} {task.title}".strip()

    def _words_stale(self):
        if not self.last_contact:
            return self.env._("Call: nobody has spoken with them yet.")
        silent = (fields.Datetime.now() - self.last_contact).days
        return self.env._("Call: the last contact was %s days ago.", silent)

    @api.depends("tasks", "suggestion")
    @api.depends_context("lang", "company")
    def _compute_also(self):
        """What else there is to do about the customer."""
        tasks = self.filtered(lambda row: row.tasks > 1)._get_tasks()
        for row in self:
            others = sorted(tasks.get(row.id, ()), key=task_key)[1:]
            words = dict.fromkeys(map(row._words, others))  # of several promises, each once
            words.pop(row.suggestion, None)
            row.also = "\n".join(words)

    def _get_tasks(self):
        """``{id: [Task, …]}``"""
        found = {}
        rows = self.env.execute_query(
            SQL(
                "SELECT partner_id, kind, day, COALESCE(title, '') FROM (%s) task"
                " WHERE partner_id = ANY(%s)",
                self._tasks_sql(self.env["res.partner"]._ar_ledger_sql()),
                self.ids,
            )
        )
        for partner, *task in rows:
            found.setdefault(partner, []).append(Task(*task))
        return found

    @api.depends_context("company", "uid")
    def _compute_contact_ids(self):
        contacts = self.env["ar.contact"].search(
            [
                ("partner_id", "in", self.ids),
                ("company_id", "=", self.env.company.root_id.id),
            ]
        )
        owned = contacts.grouped("partner_id")
        for row in self:
            row.contact_ids = owned.get(row.partner_id, contacts.browse())[:SHOWN]

    @api.depends_context("company", "uid")
    def _compute_open_item_ids(self):
        items = self.env["ar.open.item"].search(
            [
                ("partner_id", "in", self.ids),
                ("root_company_id", "=", self.env.company.root_id.id),
            ]
        )
        owned = items.grouped("partner_id")
        for row in self:
            row.open_item_ids = owned.get(row.partner_id, items.browse())[:SHOWN]

    # ------------------------------------------------------------------ SQL
    @property
    def _table_query(self):
        root = self.env.company.root_id
        ledger = self.env["res.partner"]._ar_ledger_sql()
        return SQL(
            """
            SELECT partner.id, partner.id AS partner_id, %(root)s AS company_id,
                   %(stand_in)s AS collector_id, partner.user_id AS salesperson_id,
                   task.kind, task.rank, task.day, task.title, COALESCE(task.tasks, 0) AS tasks,
                   COALESCE(ledger.balance, 0) AS balance, COALESCE(ledger.overdue, 0) AS overdue,
                   ledger.oldest_due, contact.ar_last_contact AS last_contact,
                   step.ar_next_action_date AS next_date, profile.grade,
                   COALESCE(profile.dunning_level, 0) AS dunning_level
              FROM res_partner partner
         LEFT JOIN (%(ledger)s) ledger ON ledger.customer_id = partner.id
         LEFT JOIN (%(best)s) task ON task.partner_id = partner.id
         LEFT JOIN ar_credit_profile profile
                ON profile.partner_id = partner.id AND profile.company_id = %(root)s
         LEFT JOIN (%(contacts)s) contact
                ON contact.partner_id = partner.id AND contact.company_id = %(root)s
         LEFT JOIN (%(steps)s) step
                ON step.partner_id = partner.id AND step.company_id = %(root)s
             WHERE partner.commercial_partner_id = partner.id
               AND (partner.customer_rank > 0 OR ledger.customer_id IS NOT NULL
                    OR task.partner_id IS NOT NULL)
            """,
            root=root.id,
            stand_in=self._stand_in_sql(),
            ledger=ledger,
            best=self._best_sql(ledger),
            contacts=contact_sql.contacts(),
            steps=contact_sql.next_actions(),
        )

    def _stand_in_sql(self):
        """The collector as today's absences have it; as a rule nobody is away."""
        owner = SQL("COALESCE(profile.collector_id, profile.user_id)")
        # whose work it is today is no secret to who sees the list
        stand_ins = self.env["ar.absence"].sudo()._get_absent()._ar_stand_ins()
        moved = {user: deputy for user, deputy in stand_ins.items() if user != deputy}
        if not moved:
            return owner
        cases = SQL(" ").join(
            SQL("WHEN %s THEN %s", user.id, deputy.id) for user, deputy in moved.items()
        )
        return SQL("CASE %s %s ELSE %s END", owner, cases, owner)

    def _best_sql(self, ledger):
        """One row a customer: its best next action, and how many there are."""
        return SQL(
            """
            SELECT DISTINCT ON (partner_id) partner_id, kind, rank, day, title,
                   COUNT(*) OVER (PARTITION BY partner_id) AS tasks
              FROM (
                SELECT *, array_position(%s::varchar[], kind) AS rank FROM (%s) task
              ) ranked
          ORDER BY partner_id, rank, day, COALESCE(title, '') COLLATE "C"
            """,
            list(KINDS),
            self._tasks_sql(ledger),
        )

    def _tasks_sql(self, ledger):
        return SQL(" UNION ALL ").join(self._get_sources(ledger))

    @api.model
    def _get_sources(self, ledger):
        """Queries of what there is to do: partner_id, kind (varchar), day (date), title (varchar).

        The place to add tasks of other kinds; the kinds and their order stand in
        ``rules/worklist.py``.

        :param ledger: the query of customer_id, overdue and oldest_due of all customers
        """
        today = SQL("%s::date", fields.Date.context_today(self))
        root = self.env.company.root_id
        return [
            self._steps_sql(root, today),
            self._stale_sql(root, today, ledger),
            self._disputes_sql(root, today),
            self._cases_sql(root, today),
            self._promises_sql(root),
            self._deliveries_sql(root),
        ]

    def _steps_sql(self, root, today):
        """What was planned in the log, and activities on the profile but those of others."""
        others = [self.env.ref(xmlid, raise_if_not_found=False) for xmlid in OTHERS]
        return SQL(
            """
            SELECT partner_id, 'call_due'::varchar AS kind, next_date AS day,
                   next_step::varchar AS title
              FROM ar_contact
             WHERE company_id = %(root)s AND %(open)s AND next_date <= %(today)s
         UNION ALL
            SELECT profile.partner_id, 'call_due', activity.date_deadline,
                   COALESCE(NULLIF(activity.summary, ''), kind.name ->> %(lang)s,
                            kind.name ->> 'en_US')
              FROM mail_activity activity
              JOIN ar_credit_profile profile ON profile.id = activity.res_id
         LEFT JOIN mail_activity_type kind ON kind.id = activity.activity_type_id
             WHERE activity.res_model = 'ar.credit.profile' AND activity.active
               AND profile.company_id = %(root)s AND activity.date_deadline <= %(today)s
               AND activity.activity_type_id <> ALL(%(others)s)
            """,
            root=root.id,
            open=SQL(contact_sql.OPEN_STEP),
            today=today,
            lang=self.env.lang or "en_US",
            others=[kind.id for kind in others if kind],
        )

    def _stale_sql(self, root, today, ledger):
        """Overdue for longer than the company's days of silence, and no contact in that time.

        Where an agency or a lawyer speaks with the customer, the case brings it back.
        """
        days = root.sudo().ar_silence_days  # a number, for whoever reads the list
        return SQL(
            """
            SELECT owed.customer_id, 'stale'::varchar, owed.oldest_due, NULL::varchar
              FROM (%(ledger)s) owed
             WHERE owed.oldest_due < %(before)s
               AND NOT EXISTS (
                   SELECT FROM ar_contact contact
                    WHERE contact.company_id = %(root)s
                      AND contact.partner_id = owed.customer_id AND contact.date >= %(before)s)
               AND NOT EXISTS (
                   SELECT FROM ar_collection_case claim
                    WHERE claim.company_id = %(root)s AND claim.partner_id = owed.customer_id
                      AND claim.phase = ANY(%(silent)s))
            """,
            silent=list(SILENT),
            ledger=ledger,
            before=SQL("(%s - %s)", today, days),
            root=root.id,
        )

    def _disputes_sql(self, root, today):
        return SQL(
            """
            SELECT partner_id, 'dispute_due'::varchar, deadline, NULL::varchar
              FROM ar_dispute
             WHERE company_id = %s AND state = 'open' AND deadline < %s
            """,
            root.id,
            today,
        )

    def _cases_sql(self, root, today):
        return SQL(
            """
            SELECT partner_id, 'case_due'::varchar, next_date, next_step::varchar
              FROM ar_collection_case
             WHERE company_id = %s AND phase <> 'closed' AND next_date <= %s
            """,
            root.id,
            today,
        )

    def _promises_sql(self, root):
        """Broken promises that are still owed, until somebody dealt with them.

        A contact before it broke, what came by itself, and a call that reached nobody and plans
        nothing do not deal with it. Promises and disputes, which stand in the log as well, do
        where they are about its invoices.
        """
        return SQL(
            """
            SELECT promise.partner_id, 'broken_promise'::varchar, promise.date, NULL::varchar
              FROM ar_promise promise
             WHERE promise.company_id = %s AND promise.state IN ('broken', 'partly_kept')
               AND EXISTS (
                   SELECT FROM ar_promise_line line
                     JOIN account_move_line item ON item.id = line.move_line_id
                    WHERE (line.promise_id = promise.id OR line.plan_id = promise.plan_id)
                      AND item.amount_residual > 0
                      AND NOT EXISTS (
                          SELECT FROM ar_promise_line again
                           WHERE again.move_line_id = item.id AND again.is_open
                             AND again.id <> line.id)
                      AND NOT EXISTS (
                          SELECT FROM ar_dispute_line disputed
                           WHERE disputed.move_line_id = item.id AND disputed.is_open
                             AND disputed.amount >= item.amount_residual_currency)
                      AND NOT EXISTS (
                          SELECT FROM ar_collection_case_line handed
                            JOIN ar_collection_case claim ON claim.id = handed.case_id
                           WHERE handed.move_line_id = item.id AND claim.phase = ANY(%s)))
               AND NOT EXISTS (
                   SELECT FROM ar_contact contact
                    WHERE contact.company_id = promise.company_id
                      AND contact.partner_id = promise.partner_id
                      AND contact.date >= COALESCE(promise.broken_at, promise.judged_on)
                      AND contact.notice_id IS NULL AND contact.message_id IS NULL
                      AND (contact.next_date IS NOT NULL
                           OR contact.outcome <> ALL(%s) AND NOT (
                               contact.direction = 'in'
                               AND contact.outcome IN ('promise', 'dispute'))))
            """,
            root.id,
            list(SILENT),
            list(contact_sql.NOT_REACHED),
        )

    def _deliveries_sql(self, root):
        """E-invoices that did not arrive and that nobody corrected yet."""
        return SQL(
            """
            SELECT problem.partner_id, 'delivery_problem'::varchar,
                   COALESCE(problem.deadline, problem.opened_on), move.name::varchar
              FROM ar_delivery_problem problem
              JOIN account_move move ON move.id = problem.move_id
             WHERE problem.company_id = ANY(%s) AND problem.state = 'open'
            """,
            list(self.env["ar.position"]._get_company_ids(root.id)),
        )

    # ------------------------------------------------------------------ buttons
    def action_log_contact(self):
        self.ensure_one()
        return self.partner_id.action_ar_log_contact()

    def action_new_plan(self):
        self.ensure_one()
        return self.partner_id.action_ar_plan()

    def action_open_partner(self):
        self.ensure_one()
        return self.partner_id.get_formview_action()

    def action_open_profile(self):
        self.ensure_one()
        return self.partner_id.action_ar_profile()

    def action_open_contacts(self):
        self.ensure_one()
        return self.partner_id.action_ar_contacts()

    def action_open_items(self):
        self.ensure_one()
        return self.partner_id.action_ar_open_items()

    def action_open_case(self):
        """The customer's open case, or a new one about what is overdue."""
        self.ensure_one()
        Case = self.env["ar.collection.case"]
        case = Case.search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.env.company.root_id.id),
                ("phase", "!=", "closed"),
            ],
            limit=1,
        )
        return (case or Case._open_for(self.partner_id)).get_formview_action()

    def action_take(self):
        """I follow these customers up."""
        Profile = self.env["ar.credit.profile"]
        Profile._ensure(self.partner_id.ids, self.env.company.root_id)
        Profile.search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "=", self.env.company.root_id.id),
            ]
        ).collector_id = self.env.user
        self.invalidate_model(["collector_id"])
        return True
