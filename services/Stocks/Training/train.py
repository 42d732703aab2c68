#!/usr/bin/python3
"""Trains the default upper-circuit model on feature rows written by `fettle features extract --labels`.

    ./fettle sample stocks --stocks 11000 --days 365 --seed 1 --out stocks.db
    ./fettle features extract --database sqlite:stocks.db --labels --out rows.csv
    /usr/bin/python3 services/Stocks/Training/train.py rows.csv --data "sample stocks 11000 x 365 seed 1" --hash HASH --out models

Needs Debian's python3-xgboost, python3-pandas and python3-sklearn. Splits by date: the newest announcements are held out for the
report, the ones before them choose the number of trees. Writes models/upper-circuit/VERSION/{model, manifest.json, report.json}.
"""
import argparse
import datetime
import hashlib
import json
import pathlib

import numpy
import pandas
import xgboost
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, precision_score, recall_score, roc_auc_score

NAME = "upper-circuit"
NOT_FEATURES = ["bse_code", "date", "label"]


def split_by_date(rows):
    """60 % of the rows train, 20 % choose the number of trees, 20 % test; no date is in two parts."""
    dates = rows["date"].sort_values(ignore_index=True)
    first, second = dates[int(0.6 * len(dates))], dates[int(0.8 * len(dates))]
    return rows[rows.date < first], rows[(rows.date >= first) & (rows.date < second)], rows[rows.date >= second]


def calibration(labels, probabilities, bins=10):
    """Mean prediction beside the observed rate, per tenth of the rows in order of the prediction."""
    table = []
    for part in numpy.array_split(numpy.argsort(probabilities, kind="stable"), bins):
        table.append({"rows": int(len(part)), "predicted": round(float(probabilities[part].mean()), 4), "observed": round(float(labels[part].mean()), 4)})
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows")
    parser.add_argument("--out", required=True, help="the models folder")
    parser.add_argument("--data", required=True, help="what the rows were made from, in words")
    parser.add_argument("--hash", required=True, help="the content hash that `fettle sample` printed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--version", default="1.0.0")
    arguments = parser.parse_args()

    rows = pandas.read_csv(arguments.rows, dtype={"bse_code": str})
    names = [c for c in rows.columns if c not in NOT_FEATURES]
    train, choose, test = split_by_date(rows)
    matrix = {part: xgboost.DMatrix(data[names].astype("float32"), label=data.label, feature_names=names)
              for part, data in {"train": train, "choose": choose, "test": test}.items()}
    settings = {
        "objective": "binary:logistic", "eval_metric": "aucpr", "tree_method": "hist", "max_depth": 5, "eta": 0.05, "subsample": 0.8,
        "colsample_bytree": 0.7, "min_child_weight": 8, "reg_lambda": 2.0, "seed": arguments.seed, "nthread": 1,
    }
    booster = xgboost.train(settings, matrix["train"], num_boost_round=400, evals=[(matrix["choose"], "choose")], early_stopping_rounds=40, verbose_eval=False)
    booster = booster[: booster.best_iteration + 1]

    folder = pathlib.Path(arguments.out) / NAME / arguments.version
    folder.mkdir(parents=True, exist_ok=True)
    booster.save_model(folder / "model.json")
    bytes_ = (folder / "model.json").read_bytes()
    (folder / "model.json").rename(folder / "model")

    labels, probabilities = test.label.to_numpy(), booster.predict(matrix["test"])
    said = (probabilities >= 0.5).astype(int)
    metrics = {
        "auc": roc_auc_score(labels, probabilities), "pr_auc": average_precision_score(labels, probabilities),
        "f1": f1_score(labels, said), "precision": precision_score(labels, said, zero_division=0), "recall": recall_score(labels, said),
        "brier": brier_score_loss(labels, probabilities), "base_rate": labels.mean(),
    }
    metrics = {name: round(float(value), 4) for name, value in metrics.items()}
    report = {
        "schema": "fettle.training/1",
        "note": "Trained and tested on GENERATED data: the figures say how well the generator's pattern was learnt, not how well real circuits are predicted.",
        "data": arguments.data, "data_version": arguments.hash, "seed": arguments.seed, "xgboost": xgboost.__version__,
        "split": {part: {"rows": len(data), "positive": int(data.label.sum()), "from": data.date.min(), "to": data.date.max()}
                  for part, data in {"train": train, "choose": choose, "test": test}.items()},
        "settings": settings, "trees": booster.num_boosted_rounds(), "metrics_on_test": metrics, "calibration_on_test": calibration(labels, probabilities),
        "gain": {name: round(value, 2) for name, value in sorted(booster.get_score(importance_type="total_gain").items(), key=lambda item: -item[1])},
    }
    manifest = {
        "schema": "fettle.model/1", "name": NAME, "version": arguments.version, "type": "XgboostJson binary:logistic",
        "sha256": hashlib.sha256(bytes_).hexdigest(), "bytes": len(bytes_),
        "createdAt": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "features": names, "metrics": metrics,
    }
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    (folder.parent / "active").write_text(arguments.version + "\n")
    print(json.dumps({"bytes": len(bytes_), "trees": report["trees"], **metrics}, indent=2))


if __name__ == "__main__":
    main()
