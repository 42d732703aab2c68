"""Trains small XGBoost models and writes what XGBoost predicts, for XgboostFidelityTests and XgboostShapeTests.

usage: train.py FOLDER
Each model given-N.json that FOLDER holds already is read, and its predictions for given-N.rows (float32) go to given-N.pred.
Each case NAME gets NAME.json, NAME.ubj and raw little-endian arrays NAME.rows (float32, rows x features),
NAME.pred, NAME.margin, NAME.contribs (float32), NAME.leaves (int32) and NAME.scores (float64: splits, total gain, total cover of
each feature); NAME.best holds what the trees up to best_iteration predict; cases.txt lists NAME rows features outputs margins trees.
"""
import glob
import json
import os
import sys
import warnings

# Threads that wait for each other in a loop cost more than they save on models this small.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
# XGBoost does without them where they are missing, and importing them takes longer than the training.
sys.modules["pandas"] = sys.modules["sklearn"] = None

import numpy as np
import xgboost as xgb

warnings.filterwarnings("ignore")
folder = sys.argv[1]
rng = np.random.default_rng(7)
ROWS, FEATURES = 600, 8
lines = []


def rows(missing, categories):
    x = rng.normal(size=(ROWS, FEATURES)).astype(np.float32)
    x[:, 1] = np.round(x[:, 1])
    if categories:
        x[:, 2] = rng.integers(0, 5, ROWS)
        x[:, 3] = rng.integers(0, 70, ROWS)
    if missing:
        x[rng.random(x.shape) < 0.15] = np.nan
    return x


def labels(x, objective, classes):
    z = np.nan_to_num(x)
    score = z[:, 0] * 1.3 - z[:, 1] + np.sin(z[:, 2] * 3) + 0.3 * (z[:, 3] % 7) + rng.normal(size=ROWS) * 0.3
    if classes:
        return np.clip(np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1])), 0, classes - 1)
    if objective.startswith("binary"):
        return (score > np.median(score)).astype(int)
    if objective == "reg:logistic":
        return 1 / (1 + np.exp(-score))
    if objective.startswith("rank"):
        return np.digitize(score, np.quantile(score, [0.3, 0.6, 0.9]))
    if objective == "count:poisson":
        return rng.poisson(np.exp(np.clip(score, -2, 2)))
    if objective in ("reg:gamma", "reg:tweedie", "survival:cox"):
        return np.exp(np.clip(score, -2, 2)) + 0.01
    if objective == "reg:squaredlogerror":
        return np.abs(score)
    return score


def splits(path):
    """Feature and threshold of every split that compares."""
    with open(path) as f:
        booster = json.load(f)["learner"]["gradient_booster"]
    for tree in booster.get("gbtree", booster)["model"]["trees"]:
        for left, kind, feature, value in zip(tree["left_children"], tree["split_type"], tree["split_indices"], tree["split_conditions"]):
            if left >= 0 and kind == 0:
                yield feature, value


def given(path):
    b = xgb.Booster({"nthread": 1})
    b.load_model(path)
    x = np.fromfile(path.replace(".json", ".rows"), "<f4").reshape(-1, b.num_features())
    b.predict(xgb.DMatrix(x), validate_features=False).astype("<f4").tofile(path.replace(".json", ".pred"))


def case(name, objective, missing=False, categories=False, classes=0, rounds=12, booster="gbtree", early=False, **extra):
    x = rows(missing, categories)
    kinds = ["c" if categories and i in (2, 3) else "float" for i in range(FEATURES)]
    kind = dict(enable_categorical=True, feature_types=kinds) if categories else {}
    names = [f"feature {i}" for i in range(FEATURES)]
    d = xgb.DMatrix(x, label=labels(x, objective, classes), feature_names=names, **kind)
    if objective.startswith("rank"):
        d.set_group([20] * (ROWS // 20))
    if objective == "survival:aft":
        y = np.exp(np.clip(labels(x, "reg", 0), -2, 2))
        d.set_float_info("label_lower_bound", y)
        d.set_float_info("label_upper_bound", y * 1.2)
    p = dict(objective=objective, booster=booster, nthread=1, seed=3)
    if booster != "gblinear":
        p.update(max_depth=5, eta=0.3, tree_method="hist")
    if classes:
        p["num_class"] = classes
    p.update(extra)
    b = xgb.train(p, d, rounds, evals=[(d.slice(range(0, ROWS, 3)), "held")] if early else [], early_stopping_rounds=3 if early else None, verbose_eval=False)
    b.set_param({"nthread": 1})
    b.save_model(f"{folder}/{name}.json")
    b.save_model(f"{folder}/{name}.ubj")
    # Rows that the trainer never saw: thresholds of the model itself, one ulp to either side, missing values and zeros.
    t = x[:200].copy()
    if booster != "gblinear":
        for i, (f, value) in enumerate(splits(f"{folder}/{name}.json")):
            v = np.float32(value)
            t[i % 200, f] = [v, np.nextafter(v, np.float32(-np.inf)), np.nextafter(v, np.float32(np.inf))][i % 3]
    t[:20][rng.random((20, FEATURES)) < 0.5] = np.nan
    t[20:40, 0] = -0.0
    if categories:
        t[40:50, 2] = 99
    m = xgb.DMatrix(t, feature_names=names, **kind)
    pred = b.predict(m).astype(np.float32)
    margin = b.predict(m, output_margin=True).astype(np.float32)
    t.astype("<f4").tofile(f"{folder}/{name}.rows")
    pred.astype("<f4").tofile(f"{folder}/{name}.pred")
    margin.astype("<f4").tofile(f"{folder}/{name}.margin")
    trees = 0
    if booster != "gblinear":
        leaves = b.predict(m, pred_leaf=True)
        trees = leaves.reshape(200, -1).shape[1]
        leaves.astype("<i4").tofile(f"{folder}/{name}.leaves")
        scores = [b.get_score(importance_type=t) for t in ("weight", "total_gain", "total_cover")]
        np.array([[s.get(n, 0.0) for n in names] for s in scores]).astype("<f8").tofile(f"{folder}/{name}.scores")
    if early:
        assert b.best_iteration + 1 < b.num_boosted_rounds(), "nothing was stopped early"
        b.predict(m, iteration_range=(0, b.best_iteration + 1)).astype("<f4").tofile(f"{folder}/{name}.best")
    try:
        b.predict(m, pred_contribs=True).astype("<f4").tofile(f"{folder}/{name}.contribs")
    except xgb.core.XGBoostError:  # categorical contributions are not offered by 1.7
        pass
    lines.append(f"{name} 200 {FEATURES} {pred.size // 200} {margin.size // 200} {trees}")


OBJECTIVES = {
    "logistic": "binary:logistic", "logitraw": "binary:logitraw", "hinge": "binary:hinge",
    "reg-squarederror": "reg:squarederror", "reg-squaredlogerror": "reg:squaredlogerror", "reg-logistic": "reg:logistic",
    "reg-pseudohubererror": "reg:pseudohubererror", "reg-absoluteerror": "reg:absoluteerror",
    "count-poisson": "count:poisson", "reg-gamma": "reg:gamma", "reg-tweedie": "reg:tweedie", "survival-cox": "survival:cox", "survival-aft": "survival:aft",
    "rank-pairwise": "rank:pairwise", "rank-ndcg": "rank:ndcg", "rank-map": "rank:map",
    "softmax": "multi:softmax", "softprob": "multi:softprob",
}
BASES = {"logistic": 0.13, "logitraw": 0.4, "reg-squarederror": 0.7, "reg-logistic": 0.3, "reg-pseudohubererror": 0.7, "reg-absoluteerror": 0.7,
         "count-poisson": 1.7, "reg-gamma": 1.7, "reg-tweedie": 1.7, "survival-cox": 1.7, "survival-aft": 1.7, "softprob": 0.3}
for slug, objective in OBJECTIVES.items():
    kind = dict(classes=4) if slug == "softmax" else dict(classes=3) if slug == "softprob" else {}
    for categories in (False, True):
        for missing in (False, True):
            name = slug + ("-categories" if categories else "") + ("-missing" if missing else "")
            case(name, objective, missing=missing, categories=categories, **kind, **(dict(max_cat_to_onehot=1) if categories else {}))
    if slug in BASES:
        case(slug + "-base", objective, missing=True, base_score=BASES[slug], **kind)
for slug, objective in {"dart": "binary:logistic", "dart-squarederror": "reg:squarederror", "dart-poisson": "count:poisson", "dart-softprob": "multi:softprob"}.items():
    kind = dict(booster="dart", rate_drop=0.4, **(dict(classes=3) if slug == "dart-softprob" else {}))
    case(slug, objective, missing=True, **kind)
    case(slug + "-categories", objective, missing=True, categories=True, **kind)
case("dart-base", "reg:squarederror", missing=True, booster="dart", rate_drop=0.4, base_score=0.37)
for slug in ("reg-squarederror", "logistic", "logitraw", "count-poisson", "reg-gamma", "reg-tweedie", "rank-pairwise", "softprob"):
    for missing in (False, True):
        case("linear-" + slug + ("-missing" if missing else ""), OBJECTIVES[slug], missing=missing, booster="gblinear", **(dict(classes=3) if slug == "softprob" else {}))
case("linear", "reg:squarederror", booster="gblinear", missing=True, base_score=0.7)
case("logistic-exact", "binary:logistic", missing=True, tree_method="exact")
case("logistic-approx", "binary:logistic", missing=True, tree_method="approx")
case("logistic-deep", "binary:logistic", missing=True, max_depth=9, rounds=30)
case("logistic-lossguide", "binary:logistic", missing=True, max_depth=0, max_leaves=40, grow_policy="lossguide")
case("logistic-onehot", "binary:logistic", missing=True, categories=True, max_cat_to_onehot=100)
case("forest", "binary:logistic", missing=True, num_parallel_tree=10, subsample=0.7, colsample_bynode=0.7, rounds=3)
case("forest-softprob", "multi:softprob", classes=3, missing=True, num_parallel_tree=4, subsample=0.7, rounds=3)
case("stumps", "binary:logistic", max_depth=1, missing=True, rounds=40)
case("one-leaf", "binary:logistic", gamma=1e9, rounds=3)
case("early", "binary:logistic", missing=True, early=True, rounds=400, eta=1.0, max_depth=7)
case("early-softprob", "multi:softprob", classes=3, missing=True, early=True, rounds=400, eta=1.0, max_depth=7)
case("early-forest", "reg:squarederror", missing=True, early=True, rounds=400, eta=1.0, num_parallel_tree=3, subsample=0.8, max_depth=7)
for path in glob.glob(f"{folder}/given-*.json"):
    given(path)
with open(f"{folder}/cases.txt", "w") as f:
    f.write("\n".join(lines) + "\n")
