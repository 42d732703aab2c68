namespace Fettle.Indicators;

/// <summary>The columns of a bar that an indicator reads.</summary>
[Flags]
public enum BarFields
{
    /// <summary>No column.</summary>
    None = 0,

    /// <summary>The first price of the bar.</summary>
    Open = 1,

    /// <summary>The highest price of the bar.</summary>
    High = 2,

    /// <summary>The lowest price of the bar.</summary>
    Low = 4,

    /// <summary>The last price of the bar.</summary>
    Close = 8,

    /// <summary>Traded quantity.</summary>
    Volume = 16,

    /// <summary>A second series to compare with, such as an index.</summary>
    Reference = 32,
}
