"""Trains small scikit-learn forests, writes them as ONNX and what scikit-learn predicts, for SklearnFidelityTests.

usage: train.py FOLDER
Each case NAME gets NAME.onnx (a tree ensemble of ai.onnx.ml 3 whose thresholds and leaves are float64 tensors, as the models have them)
and raw little-endian float64 arrays NAME.rows, NAME.margin (what the operator gives before its post_transform) and NAME.pred;
cases.txt lists NAME rows features outputs.
"""
import os
import sys

# Threads that wait for each other in a loop cost more than they save on models this small.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from onnx import TensorProto, checker, helper, save
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeRegressor

folder = sys.argv[1]
rng = np.random.default_rng(5)
ROWS, FEATURES = 500, 7
lines = []


class Columns:
    """The parallel lists of the operator; a tree is a list of (feature, threshold, left, right, missing left, [weights]), feature −1 for a leaf."""

    def __init__(self):
        self.nodes = {k: [] for k in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing_value_tracks_true")}
        self.weights = {k: [] for k in ("treeids", "nodeids", "ids", "weights")}
        self.trees = 0

    def add(self, nodes, target=None):
        for i, (feature, threshold, left, right, missing, values) in enumerate(nodes):
            leaf = feature < 0
            row = (self.trees, i, 0 if leaf else feature, 0.0 if leaf else threshold, "LEAF" if leaf else "BRANCH_LEQ",
                   0 if leaf else left, 0 if leaf else right, 0 if leaf else missing)
            for name, value in zip(self.nodes, row):
                self.nodes[name].append(value)
            if leaf:
                for t, value in enumerate(values):
                    for name, entry in zip(self.weights, (self.trees, i, t if target is None else target, value)):
                        self.weights[name].append(entry)
        self.trees += 1

    def save(self, path, targets, base, post, average):
        def tensor(name, values):
            return helper.make_tensor(name, TensorProto.DOUBLE, [len(values)], [float(v) for v in values])

        attributes = {f"nodes_{k}": v for k, v in self.nodes.items() if k != "values"}
        attributes.update({f"target_{k}": v for k, v in self.weights.items() if k != "weights"})
        attributes.update(
            nodes_values_as_tensor=tensor("thresholds", self.nodes["values"]), target_weights_as_tensor=tensor("leaves", self.weights["weights"]),
            n_targets=targets, post_transform=post, aggregate_function="AVERAGE" if average else "SUM")
        if base is not None:
            attributes["base_values_as_tensor"] = tensor("base", base)
        node = helper.make_node("TreeEnsembleRegressor", ["input"], ["output"], domain="ai.onnx.ml", **attributes)
        graph = helper.make_graph(
            [node], "forest", [helper.make_tensor_value_info("input", TensorProto.DOUBLE, ["rows", FEATURES])],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["rows", targets])])
        model = helper.make_model(graph, producer_name="scikit-learn", opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 3)])
        model.ir_version = 8
        checker.check_model(model)
        save(model, path)


def nodes_of(tree, values):
    return [(f, t, l, r, 0, v) for f, t, l, r, v in zip(tree.feature, tree.threshold, tree.children_left, tree.children_right, values)]


def hist_nodes(predictor):
    return [(-1 if n["is_leaf"] else int(n["feature_idx"]), n["num_threshold"], n["left"], n["right"], int(n["missing_go_to_left"]), [n["value"]])
            for n in predictor.nodes]


def data(missing):
    x = rng.normal(size=(ROWS, FEATURES)).astype(np.float32).astype(np.float64)
    x[:, 1] = np.round(x[:, 1])
    score = x[:, 0] * 1.3 - x[:, 1] + np.sin(3 * x[:, 2]) + 0.3 * rng.normal(size=ROWS)
    if missing:
        x[rng.random(x.shape) < 0.15] = np.nan
    return x, score


def test_rows(x, columns, single):
    """Rows that nobody trained on: thresholds of the model, their neighbours in the type that is compared, zeros and infinities."""
    t = x[:200].copy()
    splits = [(f, v) for f, v, m in zip(columns.nodes["featureids"], columns.nodes["values"], columns.nodes["modes"]) if m != "LEAF" and np.isfinite(v)]
    for i, (feature, value) in enumerate(splits):
        v = np.float32(value) if single else np.float64(value)
        t[i % 200, feature] = [v, np.nextafter(v, type(v)(-np.inf)), np.nextafter(v, type(v)(np.inf))][i % 3]
    t[20:40, 0] = -0.0
    return t


def write(name, columns, rows, base, margin, pred, post="NONE", average=False):
    margin, pred = (np.asarray(v, np.float64).reshape(len(rows), -1) for v in (margin, pred))
    columns.save(f"{folder}/{name}.onnx", margin.shape[1], base, post, average)
    for kind, values in (("rows", rows), ("margin", margin), ("pred", pred)):
        values.astype("<f8").tofile(f"{folder}/{name}.{kind}")
    lines.append(f"{name} {len(rows)} {FEATURES} {margin.shape[1]}")


def averaged(name, model, classes=0):
    x, score = data(False)
    y = np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1])) if classes else score
    model.fit(x, y)
    columns = Columns()
    for estimator in getattr(model, "estimators_", [model]):
        tree = estimator.tree_
        if classes:
            counts = tree.value[:, 0, :]
            values = counts / counts.sum(axis=1)[:, None]
        else:
            values = tree.value[:, 0, :]
        columns.add(nodes_of(tree, values))
    t = test_rows(x, columns, True)
    pred = model.predict_proba(t) if classes else model.predict(t)
    write(name, columns, t, None, pred, pred, average=True)


def boosted(name, model, classes=0):
    x, score = data(False)
    y = np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1])) if classes else score
    model.fit(x, y)
    columns = Columns()
    for stage in model.estimators_:
        for k, estimator in enumerate(stage):
            columns.add(nodes_of(estimator.tree_, model.learning_rate * estimator.tree_.value[:, 0, :]), k)
    t = test_rows(x, columns, True)
    base = model._raw_predict_init(x[:1].astype(np.float32))[0]
    margin = model.decision_function(t) if classes else model.predict(t)
    pred = margin if not classes else model.predict_proba(t)[:, 1] if classes == 2 else model.predict_proba(t)
    write(name, columns, t, base, margin, pred, "NONE" if not classes else "LOGISTIC" if classes == 2 else "SOFTMAX")


def histogram(name, model, missing, classes=0, positive=False):
    x, score = data(missing)
    y = np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1])) if classes else np.exp(np.clip(score, -2, 2)) if positive else score
    model.fit(x, y)
    columns = Columns()
    for stage in model._predictors:
        for k, predictor in enumerate(stage):
            columns.add(hist_nodes(predictor), k)
    t = test_rows(x, columns, False)
    if missing:
        t[:20][rng.random((20, FEATURES)) < 0.5] = np.nan
    margin = model._raw_predict(t)
    pred = margin if not classes else model.predict_proba(t)[:, 1] if classes == 2 else model.predict_proba(t)
    write(name, columns, t, np.asarray(model._baseline_prediction, np.float64).reshape(-1), margin, pred, "NONE" if not classes else "LOGISTIC" if classes == 2 else "SOFTMAX")


averaged("tree", DecisionTreeRegressor(max_depth=6, random_state=1))
averaged("forest", RandomForestRegressor(20, max_depth=7, random_state=1))
averaged("extra-trees", ExtraTreesRegressor(15, max_depth=8, random_state=1))
averaged("forest-binary", RandomForestClassifier(20, max_depth=6, random_state=1), classes=2)
averaged("forest-classes", RandomForestClassifier(15, random_state=1), classes=4)
boosted("boosting", GradientBoostingRegressor(n_estimators=25, max_depth=4, learning_rate=0.13, random_state=1))
boosted("boosting-huber", GradientBoostingRegressor(loss="huber", n_estimators=15, subsample=0.7, random_state=1))
boosted("boosting-binary", GradientBoostingClassifier(n_estimators=25, max_depth=5, learning_rate=0.1, random_state=1), classes=2)
boosted("boosting-classes", GradientBoostingClassifier(n_estimators=10, max_depth=3, random_state=1), classes=3)
for missing in (False, True):
    suffix = "-missing" if missing else ""
    histogram("histogram" + suffix, HistGradientBoostingRegressor(max_iter=20, random_state=1), missing)
    histogram("histogram-poisson" + suffix, HistGradientBoostingRegressor(loss="poisson", max_iter=20, random_state=1), missing, positive=True)
    histogram("histogram-binary" + suffix, HistGradientBoostingClassifier(max_iter=20, max_depth=6, random_state=1), missing, classes=2)
    histogram("histogram-classes" + suffix, HistGradientBoostingClassifier(max_iter=8, random_state=1), missing, classes=3)
with open(f"{folder}/cases.txt", "w") as f:
    f.write("\n".join(lines) + "\n")
