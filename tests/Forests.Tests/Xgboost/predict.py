"""Loads FOLDER/model.json with XGBoost and writes what it predicts for FOLDER/rows (float32) to FOLDER/pred.

usage: predict.py FOLDER FEATURES
"""
import sys

import numpy as np
import xgboost as xgb

folder, features = sys.argv[1], int(sys.argv[2])
booster = xgb.Booster({"nthread": 1})
booster.load_model(f"{folder}/model.json")
rows = np.fromfile(f"{folder}/rows", "<f4").reshape(-1, features)
booster.predict(xgb.DMatrix(rows), validate_features=False).astype("<f4").tofile(f"{folder}/pred")
