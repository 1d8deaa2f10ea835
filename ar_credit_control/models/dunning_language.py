from odoo import models

from .dunning_ready import _level_names, _policy_names


class DunningPolicy(models.Model):
    """The names of ready-made policies and levels in every language that is installed.

    They are records of each company, made by code, which Odoo's translation files do not reach.
    """

    _inherit = "ar.dunning.policy"

    def _create_ready(self, company):
        # in English first, whoever creates the company: the translations hang on it
        result = super(DunningPolicy, self.with_context(lang="en_US"))._create_ready(company)
        languages = [code for code, _name in self.env["res.lang"].get_installed()]
        self.search([("company_id", "=", company.id)])._translate_ready(languages)
        return result

    def _get_all(self):
        return self.with_context(active_test=False).search([("company_id", "!=", False)])

    def _translate_ready(self, languages):
        """Translate names that are still the ready-made ones, in languages that lack them."""
        for language in set(languages) - {"en_US"}:
            _translate(self, language, _policy_names)
            _translate(self.level_ids, language, _level_names)


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def _load_module_terms(self, modules, langs, overwrite=False):
        """Whenever terms of the addon are loaded, such as for a new language."""
        result = super()._load_module_terms(modules, langs, overwrite=overwrite)
        if "ar_credit_control" in modules and "ar.dunning.policy" in self.env:
            self.env["ar.dunning.policy"].sudo()._get_all()._translate_ready(langs)
        return result


def _translate(records, language, names):
    """names: function of an environment, the ready-made names by key in its language."""
    english = names(records.with_context(lang="en_US").env)
    wanted = names(records.with_context(lang=language).env)
    ready = {english[key]: wanted[key] for key in english}
    for record in records:
        name, own = record.with_context(lang="en_US").name, record.with_context(lang=language)
        if own.name == name and ready.get(name, name) != name:
            own.name = ready[name]
