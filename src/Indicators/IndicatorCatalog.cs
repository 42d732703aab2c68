namespace Fettle.Indicators;

/// <summary>Every indicator of the library by name.</summary>
public static class IndicatorCatalog
{
    /// <summary>All entries, by name.</summary>
    public static IReadOnlyList<IndicatorDescriptor> All { get; } =
    [
        Adx.Definition,
        Aroon.Definition,
        Atr.Definition,
        BollingerBands.Definition,
        Beta.Definition,
        Cci.Definition,
        Correlation.Definition,
        Dema.Definition,
        Donchian.Definition,
        Drawdown.Definition,
        Ema.Definition,
        Keltner.Definition,
        Macd.Definition,
        Mfi.Definition,
        RollingExtremes.Definition,
        Momentum.Definition,
        Natr.Definition,
        Obv.Definition,
        RateOfChange.Definition,
        Rsi.Definition,
        ParabolicSar.Definition,
        Sma.Definition,
        StandardDeviation.Definition,
        Stochastic.Definition,
        FastStochastic.Definition,
        StochasticRsi.Definition,
        Tema.Definition,
        TrueRange.Definition,
        Vwap.Definition,
        WilliamsR.Definition,
        Wma.Definition,
    ];

    /// <summary>Makes an indicator from its name and parameters; parameters left out take their defaults.</summary>
    /// <exception cref="ArgumentException">The name is unknown, there are too many parameters, or one is out of range.</exception>
    public static Indicator Create(string name, params ReadOnlySpan<double> parameters)
    {
        var entry = All.FirstOrDefault(e => e.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? throw Throw.UnknownIndicator(name);
        if (parameters.Length > entry.Parameters.Count)
        {
            throw Throw.TooManyParameters(entry, parameters.Length);
        }

        var values = entry.Parameters.Select(p => p.Default).ToArray();
        parameters.CopyTo(values);
        for (var i = 0; i < values.Length; i++)
        {
            Throw.IfOutOfRange(values[i], entry.Parameters[i]);
            Throw.IfNotWhole(values[i], entry.Parameters[i]);
        }

        return entry.Create(values);
    }
}
