"""Indicators in numpy and pandas with TA-Lib's conventions, written independently of the library under test.

usage: reference.py JOBS
Each line of the file JOBS is: BARS.bin STOCKS COUNT OUT.bin
BARS.bin holds, stock after stock, open, high, low, close, volume, reference as COUNT little-endian doubles each; OUT.bin receives
every output in the order of the names, each as STOCKS x COUNT doubles. The names are printed, as INDICATOR[:PARAMETERS].OUTPUT. Arrays are bars x stocks throughout: loops run over bars, each step over all stocks.
"""
import sys

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

NAN = float("nan")
np.seterr(all="ignore")


def blank(like):
    return np.full(like.shape, NAN)


def windows(values, n, reduce):
    """reduce(window, axis) of the last n bars."""
    out = blank(values)
    if len(values) >= n:
        out[n - 1:] = reduce(sliding_window_view(values, n, axis=0), -1)
    return out


def mean(values, n):
    return windows(values, n, lambda w, a: w.mean(axis=a))


def deviation(values, n):
    return windows(values, n, lambda w, a: w.std(axis=a))


def highest(values, n):
    return windows(values, n, lambda w, a: w.max(axis=a))


def lowest(values, n):
    return windows(values, n, lambda w, a: w.min(axis=a))


def before(values, k=1):
    return pd.DataFrame(values).shift(k).to_numpy()


def seeded(values, period, weight, first=0):
    """Exponential mean over values[first:], seeded with the plain mean of the first `period` of them."""
    out = blank(values)
    start = first + period - 1
    if start >= len(values):
        return out
    m = values[first:start + 1].mean(axis=0)
    out[start] = m
    for i in range(start + 1, len(values)):
        m = values[i] * weight + m * (1 - weight)
        out[i] = m
    return out


def ema(values, period, first=0):
    return seeded(values, period, 2 / (period + 1), first)


def wma(c, n):
    weights = np.arange(1, n + 1) * 2 / (n * (n + 1))
    return windows(c, n, lambda w, a: (w * weights).sum(axis=a))


def rsi(c, n):
    d = c - before(c)
    gain = seeded(np.where(d > 0, d, 0.0), n, 1 / n, 1)
    loss = seeded(np.where(d < 0, -d, 0.0), n, 1 / n, 1)
    return np.where(np.isnan(gain), NAN, np.where(gain + loss == 0, 0.0, 100 * gain / (gain + loss)))


def macd(c, fast, slow, signal):
    line = ema(c, fast, slow - fast) - ema(c, slow)
    sig = ema(line, signal, slow - 1)
    line = np.where(np.isnan(sig), NAN, line)
    return line, sig, line - sig


def bands(c, n, width):
    m, d = mean(c, n), deviation(c, n)
    percent = np.where(d == 0, 0.5, (c - (m - width * d)) / (2 * width * d))
    return m + width * d, m, m - width * d, np.where(np.isnan(m), NAN, percent)


def true_range(h, l, c):
    p = before(c)
    return np.maximum(h - l, np.maximum(np.abs(h - p), np.abs(l - p)))


def directional(h, l, c, n):
    up, down = h - before(h), before(l) - l
    plus = np.where((up > down) & (up > 0), up, 0.0)
    minus = np.where((down > up) & (down > 0), down, 0.0)
    tr = true_range(h, l, c)
    pdi, mdi, adx = blank(c), blank(c), blank(c)
    sp, sm, st = (np.zeros(c.shape[1]) for _ in range(3))
    average = np.zeros(c.shape[1])
    for i in range(1, len(c)):
        keep = 1 - 1 / n if i >= n else 1.0
        sp, sm, st = sp * keep + plus[i], sm * keep + minus[i], st * keep + tr[i]
        if i < n:
            continue
        pdi[i] = np.where(st == 0, 0.0, 100 * sp / st)
        mdi[i] = np.where(st == 0, 0.0, 100 * sm / st)
        total = pdi[i] + mdi[i]
        x = 100 * np.abs(pdi[i] - mdi[i]) / total
        if i < 2 * n:
            average = average + np.where(total == 0, 0.0, x) / n
        else:
            average = np.where(total == 0, average, (average * (n - 1) + x) / n)
        if i >= 2 * n - 1:
            adx[i] = average
    return adx, pdi, mdi


def place(h, l, c, n):
    high, low = highest(h, n), lowest(l, n)
    return np.where(np.isnan(high), NAN, np.where(high == low, 0.0, 100 * (c - low) / (high - low)))


def stochastic(h, l, c, k, n, d):
    a = mean(place(h, l, c, k), n)
    b = mean(a, d)
    return np.where(np.isnan(b), NAN, a), b


def williams(h, l, c, n):
    high, low = highest(h, n), lowest(l, n)
    return np.where(np.isnan(high), NAN, np.where(high == low, 0.0, -100 * (high - c) / (high - low)))


def cci(h, l, c, n):
    def one(w, a):
        m = w.mean(axis=a)
        dev = np.abs(w - m[..., None]).mean(axis=a)
        return np.where(dev == 0, 0.0, (w[..., -1] - m) / (0.015 * dev))
    return windows((h + l + c) / 3, n, one)


def mfi(h, l, c, v, n):
    tp = (h + l + c) / 3
    d = tp - before(tp)
    up, down = (np.where(x > 0, tp * v, 0.0) for x in (d, -d))
    up[0] = down[0] = NAN
    up, down = (windows(x, n, lambda w, a: w.sum(axis=a)) for x in (up, down))
    return np.where(np.isnan(up), NAN, np.where(up + down == 0, 0.0, 100 * up / (up + down)))


def obv(c, v):
    sign = np.sign(c - before(c))
    sign[0] = 1
    return np.cumsum(sign * v, axis=0)


def vwap(h, l, c, v, n):
    flow, shares = (windows(x, n, lambda w, a: w.sum(axis=a)) for x in ((h + l + c) / 3 * v, v))
    return np.where(shares == 0, NAN, flow / shares)


def aroon(h, l, n):
    # Of equal extremes the latest counts: the first maximum of the window read backwards.
    up = windows(h, n + 1, lambda w, a: 100 * (n - w[..., ::-1].argmax(axis=a)) / n)
    down = windows(l, n + 1, lambda w, a: 100 * (n - w[..., ::-1].argmin(axis=a)) / n)
    return down, up, up - down


def sar(high, low, step, limit):
    return np.column_stack([sar_of_one(high[:, s].tolist(), low[:, s].tolist(), step, limit) for s in range(high.shape[1])])


def sar_of_one(h, l, step, limit):
    out = [NAN] * len(h)
    if len(h) < 2:
        return out
    fall, rise = l[0] - l[1], h[1] - h[0]
    long = not (fall > 0 and fall > rise)
    stop, ep = (l[0], h[1]) if long else (h[0], l[1])
    af = step
    for i in range(1, len(h)):
        j = max(i - 1, 1)
        turned = l[i] <= stop if long else h[i] >= stop
        if turned:
            stop = max(ep, h[j], h[i]) if long else min(ep, l[j], l[i])
            long = not long
            af, ep = step, h[i] if long else l[i]
            out[i] = stop
        else:
            out[i] = stop
            if long and h[i] > ep:
                ep, af = h[i], min(af + step, limit)
            elif not long and l[i] < ep:
                ep, af = l[i], min(af + step, limit)
        stop += af * (ep - stop)
        stop = min(stop, l[j], l[i]) if long else max(stop, h[j], h[i])
    return out


def centred(x, y, n, f):
    out = blank(x)
    if len(x) >= n:
        wx, wy = sliding_window_view(x, n, axis=0), sliding_window_view(y, n, axis=0)
        wx, wy = wx - wx.mean(axis=-1, keepdims=True), wy - wy.mean(axis=-1, keepdims=True)
        out[n - 1:] = f((wx * wx).sum(axis=-1), (wy * wy).sum(axis=-1), (wx * wy).sum(axis=-1))
    return out


def beta(r, c, n):
    return centred(r / before(r) - 1, c / before(c) - 1, n, lambda xx, yy, xy: xy / xx)


def correlation(x, y, n):
    return centred(x, y, n, lambda xx, yy, xy: np.where(xx * yy == 0, 0.0, xy / np.sqrt(xx * yy)))


def named(name, outputs, values):
    return {f"{name}.{output}": value for output, value in zip(outputs.split(), values)}


def everything(o, h, l, c, v, r):
    e1 = ema(c, 20)
    e2 = ema(e1, 20, 19)
    e3 = ema(e2, 20, 38)
    tr = true_range(h, l, c)
    half = 2 * seeded(tr, 10, 1 / 10, 1)
    dh, dl = highest(h, 20), lowest(l, 20)
    fall = 100 * (c / np.maximum.accumulate(c, axis=0) - 1)
    result = {
        "sma.sma": mean(c, 20), "sma:2.sma": mean(c, 2), "sma:77.sma": mean(c, 77),
        "ema.ema": e1, "wma.wma": wma(c, 20), "wma:3.wma": wma(c, 3), "dema.dema": 2 * e1 - e2, "tema.tema": 3 * e1 - 3 * e2 + e3,
        "rsi.rsi": rsi(c, 14), "rsi:3.rsi": rsi(c, 3), "stddev.stddev": deviation(c, 20),
        "trange.trange": tr, "atr.atr": seeded(tr, 14, 1 / 14, 1), "natr.natr": 100 * seeded(tr, 14, 1 / 14, 1) / c,
        "willr.willr": williams(h, l, c, 14), "cci.cci": cci(h, l, c, 14), "obv.obv": obv(c, v), "mfi.mfi": mfi(h, l, c, v, 14),
        "vwap.vwap": vwap(h, l, c, v, 20), "mom.mom": c - before(c, 10), "roc.roc": 100 * (c / before(c, 10) - 1),
        "sar.sar": sar(h, l, 0.02, 0.2), "sar:0.05,0.1.sar": sar(h, l, 0.05, 0.1), "beta.beta": beta(r, c, 5), "correl.correl": correlation(c, r, 30),
    }
    result |= named("macd", "line signal histogram", macd(c, 12, 26, 9))
    result |= named("macd:5,35,5", "line signal histogram", macd(c, 5, 35, 5))
    result |= named("bbands", "upper middle lower percent_b", bands(c, 20, 2))
    result |= named("bbands:7,1.5", "upper middle lower percent_b", bands(c, 7, 1.5))
    result |= named("adx", "adx plus_di minus_di", directional(h, l, c, 14))
    result |= named("adx:5", "adx plus_di minus_di", directional(h, l, c, 5))
    result |= named("stoch", "slow_k slow_d", stochastic(h, l, c, 5, 3, 3))
    result |= named("stoch:14,1,3", "slow_k slow_d", stochastic(h, l, c, 14, 1, 3))
    result |= named("stochf", "fast_k fast_d", stochastic(h, l, c, 5, 1, 3))
    result |= named("minmax", "min max", (lowest(c, 30), highest(c, 30)))
    result |= named("donchian", "upper middle lower", (dh, (dh + dl) / 2, dl))
    result |= named("keltner", "upper middle lower", (e1 + half, e1 + 0 * half, e1 - half))
    result |= named("aroon", "down up oscillator", aroon(h, l, 14))
    result |= named("drawdown", "drawdown max_drawdown", (fall, np.minimum.accumulate(fall, axis=0)))
    return result


if __name__ == "__main__":
    names = []
    for line in open(sys.argv[1]):
        source, stocks, count, target = line.split()
        bars = np.fromfile(source, dtype="<f8").reshape(int(stocks), 6, int(count))
        results = everything(*(np.ascontiguousarray(bars[:, f].T) for f in range(6)))
        names = list(results)
        with open(target, "wb") as out:
            for values in results.values():
                out.write(np.ascontiguousarray(values.T, dtype="<f8").tobytes())
    print("\n".join(names))
