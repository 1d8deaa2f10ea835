"""The models that the score is compared with; runs in an environment with scikit-learn.

Reads ``{"invoices": […], "cut": ordinal}`` (dates as ordinals) from standard input and writes the
predictions of each model for the test invoices. A model learns from what was paid before the cut;
every figure about a customer comes from what was paid before the day of the invoice.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from bisect import bisect_left
from collections import defaultdict

import numpy as np
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

CUSTOMER, COUNTRY, MADE, DUE, AMOUNT, PAID, DISPUTED, PAPER = range(8)
SHRINK = 5.0
SPLITS = TimeSeriesSplit(3)
SEED = 0
TREES = {"n_estimators": [60, 120], "max_depth": [2, 3]}
LEAVES = {"min_samples_leaf": [5, 10, 20]}


def histories(invoices):
    """Invoices of each customer by day of payment, and by day of making."""
    by_payment, by_making = defaultdict(list), defaultdict(list)
    for row in sorted(invoices, key=lambda row: math.inf if row[PAID] is None else row[PAID]):
        if row[PAID] is not None:
            by_payment[row[CUSTOMER]].append(row)
    for row in invoices:
        by_making[row[CUSTOMER]].append(row)
    return by_payment, by_making


def paid_before(row, by_payment):
    """The customer's invoices that were paid before the day of this one."""
    paid = by_payment[row[CUSTOMER]]
    return paid[: bisect_left([other[PAID] for other in paid], row[MADE])]


def open_before(row, by_making):
    """The customer's older invoices that were not yet paid on the day of this one."""
    day = row[MADE]
    return [
        other
        for other in by_making[row[CUSTOMER]]
        if other[MADE] < day and (other[PAID] is None or other[PAID] >= day)
    ]


def history_features(row, by_payment, by_making):
    """Twelve figures on the customer as known on the day of the invoice; None without history."""
    known = paid_before(row, by_payment)
    if not known:
        return None
    days = np.array([other[PAID] - other[DUE] for other in known], float)
    amounts = np.array([other[AMOUNT] for other in known])
    late = days > 0
    open_ = open_before(row, by_making)
    return [
        len(known), days.mean(), np.average(days, weights=np.maximum(amounts, 0.01)),
        np.median(days), days.std(), late.mean(), days[-3:].mean(), late[-3:].mean(), days.max(),
        np.mean([other[DISPUTED] for other in known]),
        sum(other[DUE] < row[MADE] for other in open_), sum(other[AMOUNT] for other in open_),
    ]  # fmt: skip


def invoice_features(row, countries):
    known = [row[PAPER], math.log(max(row[AMOUNT], 0.01)), row[DUE] - row[MADE]]
    return known + [float(row[COUNTRY] == country) for country in countries]


def table(invoices):
    """Features of every invoice; a customer without history gets the average figures."""
    by_payment, by_making = histories(invoices)
    known = [history_features(row, by_payment, by_making) for row in invoices]
    average = np.mean([row for row in known if row], axis=0)
    countries = sorted({row[COUNTRY] for row in invoices if row[COUNTRY] is not None})
    return np.array([
        [*(past or average), *invoice_features(row, countries)]
        for past, row in zip(known, invoices, strict=True)
    ])  # fmt: skip


def classifiers():
    return {
        "logistic regression": make_pipeline(
            StandardScaler(),
            LogisticRegressionCV(Cs=[0.01, 0.1, 1, 10], cv=SPLITS, scoring="neg_log_loss",
                                 max_iter=2000),
        ),
        "random forest": GridSearchCV(
            RandomForestClassifier(200, random_state=SEED), LEAVES, cv=SPLITS,
            scoring="neg_log_loss"),
        "gradient boosting": GridSearchCV(
            GradientBoostingClassifier(learning_rate=0.06, subsample=0.7, random_state=SEED),
            TREES, cv=SPLITS, scoring="neg_log_loss"),
    }  # fmt: skip


def regressors():
    return {
        "logistic regression": make_pipeline(StandardScaler(), RidgeCV([0.1, 1, 10, 100])),
        "random forest": GridSearchCV(
            RandomForestRegressor(200, random_state=SEED, max_features=0.5), LEAVES, cv=SPLITS,
            scoring="neg_mean_absolute_error"),
        "gradient boosting": GridSearchCV(
            GradientBoostingRegressor(loss="absolute_error", learning_rate=0.06, subsample=0.7,
                                      random_state=SEED),
            TREES, cv=SPLITS, scoring="neg_mean_absolute_error"),
    }  # fmt: skip


def simple(features, test, train_late):
    """The customer's late ratio drawn to the mean with its weighted delay, and its last three."""
    count, share = features[test, 0], features[test, 5]
    ratio = (count * share + SHRINK * train_late) / (count + SHRINK)
    return {
        "late ratio": {"late": ratio, "days": features[test, 2]},
        "last three": {"late": features[test, 7], "days": features[test, 6]},
    }


def learned(features, disputed, days, train, test):
    """Predictions of every learning model, before and after disputes are known."""
    late, wide, result = days[train] > 0, np.column_stack([features, disputed]), {}
    for name, model in classifiers().items():
        result[name] = {
            "late": model.fit(features[train], late).predict_proba(features[test])[:, 1]
        }
        result[name]["late_known"] = model.fit(wide[train], late).predict_proba(wide[test])[:, 1]
    for name, model in regressors().items():
        result[name]["days"] = model.fit(features[train], days[train]).predict(features[test])
    return result


def main():
    warnings.filterwarnings("ignore")
    task = json.load(sys.stdin)
    invoices, cut = task["invoices"], task["cut"]
    features = table(invoices)
    disputed = np.array([row[DISPUTED] for row in invoices], float)
    days = np.array([math.nan if r[PAID] is None else r[PAID] - r[DUE] for r in invoices], float)
    train = [at for at, row in enumerate(invoices) if row[PAID] is not None and row[PAID] < cut]
    train.sort(key=lambda at: invoices[at][PAID])
    test = task["test"]
    result = simple(features, test, float((days[train] > 0).mean()))
    result |= learned(features, disputed, days, train, test)
    json.dump({name: {key: list(map(float, values)) for key, values in model.items()}
               for name, model in result.items()}, sys.stdout)  # fmt: skip


if __name__ == "__main__":
    main()
