"""Runs python3-onnx's checker over files. usage: check_onnx.py FILE…"""
import sys

import onnx

for path in sys.argv[1:]:
    onnx.checker.check_model(onnx.load(path))
print(len(sys.argv) - 1)
