"""Times the idiomatic pandas form of each indicator over bars x stocks; prints a line `NAME NANOSECONDS_PER_BAR` each.

usage: indicators_pandas.py BARS.bin STOCKS COUNT
BARS.bin holds open, high, low, close, volume, reference as STOCKS x COUNT little-endian doubles each. Seeds are pandas' own: this is about time.
The parabolic stop has no form without a loop over bars and is left out.
"""
import sys
import time

import numpy as np
import pandas as pd

stocks, count = int(sys.argv[2]), int(sys.argv[3])
raw = np.fromfile(sys.argv[1], dtype="<f8").reshape(6, stocks, count)
o, h, l, c, v, r = (pd.DataFrame(np.ascontiguousarray(field.T)) for field in raw)
weights = np.arange(1, 21) * 2 / (20 * 21)


def ema(x, n):
    return x.ewm(span=n, adjust=False).mean()


def wilder(x, n):
    return x.ewm(alpha=1 / n, adjust=False).mean()


def typical():
    return (h + l + c) / 3


def trange():
    p = c.shift()
    return pd.DataFrame(np.maximum(h - l, np.maximum((h - p).abs(), (l - p).abs())))


def rsi():
    d = c.diff()
    up, down = wilder(d.clip(lower=0), 14), wilder(-d.clip(upper=0), 14)
    return 100 * up / (up + down)


def macd():
    line = ema(c, 12) - ema(c, 26)
    signal = ema(line, 9)
    return line, signal, line - signal


def bands():
    m, d = c.rolling(20).mean(), c.rolling(20).std(ddof=0)
    return m + 2 * d, m, m - 2 * d, (c - m + 2 * d) / (4 * d)


def adx():
    up, down = h.diff(), -l.diff()
    plus, minus = up.where((up > down) & (up > 0), 0.0), down.where((down > up) & (down > 0), 0.0)
    tr = wilder(trange(), 14)
    plus, minus = 100 * wilder(plus, 14) / tr, 100 * wilder(minus, 14) / tr
    return wilder(100 * (plus - minus).abs() / (plus + minus), 14), plus, minus


def place(hi, lo, x, n):
    low = lo.rolling(n).min()
    return 100 * (x - low) / (hi.rolling(n).max() - low)


def stoch():
    k = place(h, l, c, 5).rolling(3).mean()
    return k, k.rolling(3).mean()


def stochf():
    k = place(h, l, c, 5)
    return k, k.rolling(3).mean()


def stochrsi():
    x = rsi()
    k = place(x, x, x, 5)
    return k, k.rolling(3).mean()


def mfi():
    tp = typical()
    flow, d = tp * v, tp.diff()
    up, down = flow.where(d > 0, 0.0).rolling(14).sum(), flow.where(d < 0, 0.0).rolling(14).sum()
    return 100 * up / (up + down)


def cci():
    tp = typical()
    deviation = tp.rolling(14).apply(lambda w: np.abs(w - w.mean()).mean(), raw=True)
    return (tp - tp.rolling(14).mean()) / (0.015 * deviation)


def dema():
    e = ema(c, 20)
    return 2 * e - ema(e, 20)


def tema():
    e = ema(c, 20)
    f = ema(e, 20)
    return 3 * e - 3 * f + ema(f, 20)


def keltner():
    m, half = ema(c, 20), 2 * wilder(trange(), 10)
    return m + half, m, m - half


def donchian():
    high, low = h.rolling(20).max(), l.rolling(20).min()
    return high, (high + low) / 2, low


def aroon():
    up = h.rolling(15).apply(np.argmax, raw=True) * 100 / 14
    down = l.rolling(15).apply(np.argmin, raw=True) * 100 / 14
    return down, up, up - down


def beta():
    x, y = r.pct_change(), c.pct_change()
    return x.rolling(5).cov(y, pairwise=False) / x.rolling(5).var()


def drawdown():
    d = 100 * (c / c.cummax() - 1)
    return d, d.cummin()


FORMS = {
    "adx": adx, "aroon": aroon, "atr": lambda: wilder(trange(), 14), "bbands": bands, "beta": beta, "cci": cci,
    "correl": lambda: c.rolling(30).corr(r, pairwise=False), "dema": dema, "donchian": donchian, "drawdown": drawdown, "ema": lambda: ema(c, 20),
    "keltner": keltner, "macd": macd, "mfi": mfi, "minmax": lambda: (c.rolling(30).min(), c.rolling(30).max()), "mom": lambda: c.diff(10),
    "natr": lambda: 100 * wilder(trange(), 14) / c, "obv": lambda: (np.sign(c.diff()).fillna(1) * v).cumsum(), "roc": lambda: 100 * c.pct_change(10),
    "rsi": rsi, "sma": lambda: c.rolling(20).mean(), "stddev": lambda: c.rolling(20).std(ddof=0), "stoch": stoch, "stochf": stochf, "stochrsi": stochrsi,
    "tema": tema, "trange": trange, "vwap": lambda: (typical() * v).rolling(20).sum() / v.rolling(20).sum(),
    "willr": lambda: place(h, l, c, 14) - 100, "wma": lambda: c.rolling(20).apply(lambda w: (w * weights).sum(), raw=True),
}

for name, form in FORMS.items():
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter_ns()
        form()
        best = min(best, time.perf_counter_ns() - start)
        if best > 5e8:
            break
    print(name, best / (stocks * count), flush=True)
