"""Indicators in pandas and numpy with TA-Lib's conventions, written independently of the library under test.

usage: reference.py BARS.bin COUNT OUT.bin
BARS.bin holds open, high, low, close, volume, reference as COUNT little-endian doubles each;
OUT.bin receives every output in the order of NAMES, COUNT doubles each. `reference.py --names` prints NAMES.
"""
import sys

import numpy as np
import pandas as pd

NAN = float("nan")


def seeded(values, period, weight, first=0):
    """Exponential mean over values[first:], seeded with the plain mean of the first `period` of them."""
    out = np.full(len(values), NAN)
    start = first + period - 1
    if start >= len(values):
        return out
    mean = values[first:start + 1].mean()
    out[start] = mean
    for i in range(start + 1, len(values)):
        mean = values[i] * weight + mean * (1 - weight)
        out[i] = mean
    return out


def ema(values, period, first=0):
    return seeded(values, period, 2 / (period + 1), first)


def rsi(c, n):
    d = np.diff(c, prepend=NAN)
    gain = seeded(np.where(d > 0, d, 0.0), n, 1 / n, 1)
    loss = seeded(np.where(d < 0, -d, 0.0), n, 1 / n, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.isnan(gain), NAN, np.where(gain + loss == 0, 0.0, 100 * gain / (gain + loss)))


def macd(c, fast, slow, signal):
    s = ema(c, slow)
    f = ema(c, fast, slow - fast)
    line = f - s
    sig = ema(line, signal, slow - 1)
    line = np.where(np.isnan(sig), NAN, line)
    return line, sig, line - sig


def true_range(h, l, c):
    p = np.concatenate([[NAN], c[:-1]])
    tr = np.maximum(h - l, np.maximum(np.abs(h - p), np.abs(l - p)))
    tr[0] = NAN
    return tr


def directional(h, l, c, n):
    up, down = np.diff(h, prepend=NAN), -np.diff(l, prepend=NAN)
    plus = np.where((up > down) & (up > 0), up, 0.0)
    minus = np.where((down > up) & (down > 0), down, 0.0)
    tr = true_range(h, l, c)
    pdi, mdi, adx = (np.full(len(c), NAN) for _ in range(3))
    sums = np.zeros(3)
    dx, mean = [], 0.0
    for i in range(1, len(c)):
        keep = 1 - 1 / n if i >= n else 1.0
        sums = sums * keep + np.array([plus[i], minus[i], tr[i]])
        if i < n:
            continue
        if sums[2] == 0:
            pdi[i] = mdi[i] = 0.0
        else:
            pdi[i], mdi[i] = 100 * sums[0] / sums[2], 100 * sums[1] / sums[2]
        total = pdi[i] + mdi[i]
        x = 100 * abs(pdi[i] - mdi[i]) / total if total else None
        if len(dx) < n:
            dx.append(x or 0.0)
            if len(dx) == n:
                mean = sum(dx) / n
        elif x is not None:
            mean = (mean * (n - 1) + x) / n
        if len(dx) == n:
            adx[i] = mean
    return adx, pdi, mdi


def stochastic(h, l, c, k):
    high, low = pd.Series(h).rolling(k).max(), pd.Series(l).rolling(k).min()
    span = high - low
    return (100 * (pd.Series(c) - low) / span).where(span != 0, 0.0).where(~span.isna())


def slow(h, l, c, k, n, d):
    a = stochastic(h, l, c, k).rolling(n).apply(np.mean, raw=True)
    b = a.rolling(d).apply(np.mean, raw=True)
    return a.where(~b.isna()).to_numpy(), b.to_numpy()


def cci(h, l, c, n):
    tp = (h + l + c) / 3

    def one(w):
        mean = w.mean()
        dev = np.abs(w - mean).mean()
        return 0.0 if dev == 0 else (w[-1] - mean) / (0.015 * dev)
    return pd.Series(tp).rolling(n).apply(one, raw=True).to_numpy()


def mfi(h, l, c, v, n):
    tp = (h + l + c) / 3
    d = np.diff(tp, prepend=NAN)
    up = pd.Series(np.where(d > 0, tp * v, 0.0)[1:]).rolling(n).apply(np.sum, raw=True).to_numpy()
    down = pd.Series(np.where(d < 0, tp * v, 0.0)[1:]).rolling(n).apply(np.sum, raw=True).to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        out = np.where(np.isnan(up), NAN, np.where(up + down == 0, 0.0, 100 * up / (up + down)))
    return np.concatenate([[NAN], out])


def aroon(h, l, n):
    def age(w, best):
        return next(k for k in range(n + 1) if w[n - k] == best)
    up = pd.Series(h).rolling(n + 1).apply(lambda w: 100 * (n - age(w, w.max())) / n, raw=True).to_numpy()
    down = pd.Series(l).rolling(n + 1).apply(lambda w: 100 * (n - age(w, w.min())) / n, raw=True).to_numpy()
    return down, up, up - down


def sar(h, l, step, limit):
    out = np.full(len(h), NAN)
    if len(h) < 2:
        return out
    fall, rise = l[0] - l[1], h[1] - h[0]
    long = not (fall > 0 and fall > rise)
    stop, ep = (l[0], h[1]) if long else (h[0], l[1])
    af = step
    for i in range(1, len(h)):
        j = max(i - 1, 1)
        if long:
            if l[i] <= stop:
                long = False
                stop = max(ep, h[j], h[i])
                out[i] = stop
                af, ep = step, l[i]
                stop = max(stop + af * (ep - stop), h[j], h[i])
            else:
                out[i] = stop
                if h[i] > ep:
                    ep, af = h[i], min(af + step, limit)
                stop = min(stop + af * (ep - stop), l[j], l[i])
        elif h[i] >= stop:
            long = True
            stop = min(ep, l[j], l[i])
            out[i] = stop
            af, ep = step, h[i]
            stop = min(stop + af * (ep - stop), l[j], l[i])
        else:
            out[i] = stop
            if l[i] < ep:
                ep, af = l[i], min(af + step, limit)
            stop = max(stop + af * (ep - stop), h[j], h[i])
    return out


def rolling(values, n, f):
    return pd.Series(values).rolling(n).apply(f, raw=True).to_numpy()


def pairs(x, y, n, f):
    out = np.full(len(x), NAN)
    for i in range(n - 1, len(x)):
        out[i] = f(x[i - n + 1:i + 1], y[i - n + 1:i + 1])
    return out


def beta(x, y):
    mx, my = x - x.mean(), y - y.mean()
    return (mx * my).sum() / (mx * mx).sum()


def correlation(x, y):
    mx, my = x - x.mean(), y - y.mean()
    d = np.sqrt((mx * mx).sum() * (my * my).sum())
    return (mx * my).sum() / d if d else 0.0


def everything(o, h, l, c, v, r):
    s = pd.Series(c)
    mean, dev = rolling(c, 20, np.mean), rolling(c, 20, np.std)
    weights = np.arange(1, 21) / 210.0
    e1 = ema(c, 20)
    e2 = ema(e1, 20, 19)
    e3 = ema(e2, 20, 38)
    line, sig, hist = macd(c, 12, 26, 9)
    tr = true_range(h, l, c)
    atr = seeded(tr, 14, 1 / 14, 1)
    adx, pdi, mdi = directional(h, l, c, 14)
    k, d = slow(h, l, c, 5, 3, 3)
    down, up, osc = aroon(h, l, 14)
    tp = (h + l + c) / 3
    flow, shares = rolling(tp * v, 20, np.sum), rolling(v, 20, np.sum)
    sign = np.sign(np.diff(c, prepend=c[0]))
    sign[0] = 1
    high, low = s.rolling(30).max().to_numpy(), s.rolling(30).min().to_numpy()
    dh, dl = pd.Series(h).rolling(20).max().to_numpy(), pd.Series(l).rolling(20).min().to_numpy()
    half = 2 * seeded(tr, 10, 1 / 10, 1)
    hh, ll = pd.Series(h).rolling(14).max().to_numpy(), pd.Series(l).rolling(14).min().to_numpy()
    peak = np.maximum.accumulate(c)
    fall = 100 * (c / peak - 1)
    rx, ry = np.diff(r) / r[:-1], np.diff(c) / c[:-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        percent = np.where(dev == 0, 0.5, (c - (mean - 2 * dev)) / (4 * dev))
        williams = np.where(hh == ll, 0.0, -100 * (hh - c) / (hh - ll))
        vwap = np.where(shares == 0, NAN, flow / shares)
    return {
        "sma": mean, "ema": e1, "wma": rolling(c, 20, lambda w: (w * weights).sum()), "dema": 2 * e1 - e2, "tema": 3 * e1 - 3 * e2 + e3,
        "rsi": rsi(c, 14), "macd.line": line, "macd.signal": sig, "macd.histogram": hist,
        "bbands.upper": mean + 2 * dev, "bbands.middle": mean, "bbands.lower": mean - 2 * dev, "bbands.percent_b": percent, "stddev": dev,
        "trange": tr, "atr": atr, "natr": 100 * atr / c, "adx.adx": adx, "adx.plus_di": pdi, "adx.minus_di": mdi,
        "stoch.slow_k": k, "stoch.slow_d": d, "willr": np.where(np.isnan(hh), NAN, williams), "cci": cci(h, l, c, 14),
        "obv": np.cumsum(sign * v), "mfi": mfi(h, l, c, v, 14), "vwap": vwap,
        "mom": (s - s.shift(10)).to_numpy(), "roc": (100 * (s / s.shift(10) - 1)).to_numpy(),
        "minmax.min": low, "minmax.max": high, "donchian.upper": dh, "donchian.middle": (dh + dl) / 2, "donchian.lower": dl,
        "keltner.upper": e1 + half, "keltner.middle": e1 + 0 * half, "keltner.lower": e1 - half,
        "aroon.down": down, "aroon.up": up, "aroon.oscillator": osc, "sar": sar(h, l, 0.02, 0.2),
        "drawdown.drawdown": fall, "drawdown.max_drawdown": np.minimum.accumulate(fall),
        "beta": np.concatenate([[NAN], pairs(rx, ry, 5, beta)]), "correl": pairs(c, r, 30, correlation),
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["--names"]:
        ramp = np.arange(1.0, 101.0)
        print("\n".join(everything(*[ramp] * 6)))
    else:
        count = int(sys.argv[2])
        bars = np.fromfile(sys.argv[1], dtype="<f8").reshape(-1, 6, count)
        with open(sys.argv[3], "wb") as out:
            for stock in bars:
                for values in everything(*stock).values():
                    out.write(np.ascontiguousarray(values, dtype="<f8").tobytes())
