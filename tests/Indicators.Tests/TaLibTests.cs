namespace Fettle.Indicators.Tests;

/// <summary>Every indicator that TA-Lib has, against TA-Lib itself: |a − b| ≤ 1e-9 · max(|a|, |b|, close), and NaN at the same bars.</summary>
public sealed class TaLibTests
{
    const int Open = 0, High = 1, Low = 2, Close = 3, Volume = 4, Reference = 5;

    sealed record Case(string Function, int[] Inputs, object[] Options, Indicator Indicator, int[] Outputs);

    static readonly Case[] Cases =
    [
        new("SMA", [Close], [20], new Sma(20), [0]),
        new("SMA", [Close], [2], new Sma(2), [0]),
        new("SMA", [Close], [77], new Sma(77), [0]),
        new("EMA", [Close], [20], new Ema(20), [0]),
        new("WMA", [Close], [20], new Wma(20), [0]),
        new("WMA", [Close], [3], new Wma(3), [0]),
        new("DEMA", [Close], [20], new Dema(20), [0]),
        new("TEMA", [Close], [20], new Tema(20), [0]),
        new("RSI", [Close], [14], new Rsi(14), [0]),
        new("RSI", [Close], [3], new Rsi(3), [0]),
        new("MACD", [Close], [12, 26, 9], new Macd(12, 26, 9), [0, 1, 2]),
        new("MACD", [Close], [5, 35, 5], new Macd(5, 35, 5), [0, 1, 2]),
        new("BBANDS", [Close], [20, 2.0, 2.0, 0], new BollingerBands(20, 2), [0, 1, 2]),
        new("STDDEV", [Close], [20, 1.0], new StandardDeviation(20), [0]),
        new("TRANGE", [High, Low, Close], [], new TrueRange(), [0]),
        new("ATR", [High, Low, Close], [14], new Atr(14), [0]),
        new("NATR", [High, Low, Close], [14], new Natr(14), [0]),
        new("ADX", [High, Low, Close], [14], new Adx(14), [0]),
        new("ADX", [High, Low, Close], [5], new Adx(5), [0]),
        new("PLUS_DI", [High, Low, Close], [14], new Adx(14), [1]),
        new("MINUS_DI", [High, Low, Close], [14], new Adx(14), [2]),
        new("STOCH", [High, Low, Close], [5, 3, 0, 3, 0], new Stochastic(5, 3, 3), [0, 1]),
        new("STOCH", [High, Low, Close], [14, 1, 0, 3, 0], new Stochastic(14, 1, 3), [0, 1]),
        new("STOCHF", [High, Low, Close], [5, 3, 0], new FastStochastic(5, 3), [0, 1]),
        new("STOCHRSI", [Close], [14, 5, 3, 0], new StochasticRsi(14, 5, 3), [0, 1]),
        new("WILLR", [High, Low, Close], [14], new WilliamsR(14), [0]),
        new("CCI", [High, Low, Close], [14], new Cci(14), [0]),
        new("OBV", [Close, Volume], [], new Obv(), [0]),
        new("MFI", [High, Low, Close, Volume], [14], new Mfi(14), [0]),
        new("MOM", [Close], [10], new Momentum(10), [0]),
        new("ROC", [Close], [10], new RateOfChange(10), [0]),
        new("MIN", [Close], [30], new RollingExtremes(30), [0]),
        new("MAX", [Close], [30], new RollingExtremes(30), [1]),
        new("AROON", [High, Low], [14], new Aroon(14), [0, 1]),
        new("AROONOSC", [High, Low], [14], new Aroon(14), [2]),
        new("SAR", [High, Low], [0.02, 0.2], new ParabolicSar(), [0]),
        new("SAR", [High, Low], [0.05, 0.1], new ParabolicSar(0.05, 0.1), [0]),
        new("BETA", [Reference, Close], [5], new Beta(5), [0]),
        new("CORREL", [Close, Reference], [30], new Correlation(30), [0]),
    ];

    public static TheoryData<int> Indexes => [.. Enumerable.Range(0, Cases.Length)];

    [RequiresTaLibTheory]
    [MemberData(nameof(Indexes))]
    public void GeneratedStocks_EqualTaLib(int index)
    {
        for (var seed = 0; seed < 1000; seed++)
        {
            Check(Cases[index], Market.Bars(seed, 60 + seed % 300), $"seed {seed}");
        }
    }

    [RequiresTaLibTheory]
    [MemberData(nameof(Indexes))]
    public void Nifty50_EqualsTaLib(int index)
    {
        foreach (var (name, bars) in Nifty50.Stocks())
        {
            Check(Cases[index], bars, name);
        }
    }

    static void Check(Case c, double[][] bars, string stock)
    {
        var expected = TaLibLibrary.Call(c.Function, [.. c.Inputs.Select(i => bars[i])], c.Options, c.Outputs.Length);
        var actual = Market.Compute(c.Indicator, bars);
        for (var k = 0; k < c.Outputs.Length; k++)
        {
            Closeness.Check(actual[c.Outputs[k]], expected[k], bars[Close], c.Function == "TEMA" || c.Function == "DEMA" ? 0 : c.Indicator.WarmUp, $"{c.Function} output {k}, {stock}", Noise(c, bars));
        }
    }

    /// <summary>
    /// On unchanged prices the index of TA-Lib wanders by roundings, and its stochastic shows them as anything from 0 to 100.
    /// Fettle keeps the index to the bit there; the two cannot be compared.
    /// </summary>
    static Func<int, bool>? Noise(Case c, double[][] bars)
    {
        if (c.Function != "STOCHRSI")
        {
            return null;
        }

        var rsi = Market.Compute(new Rsi(14), bars)[0];
        return bar => Enumerable.Range(bar - 2, 3).Any(end => rsi[(end - 4)..(end + 1)].Max() - rsi[(end - 4)..(end + 1)].Min() < 1e-9);
    }
}
