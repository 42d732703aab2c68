namespace Fettle.MarketData;

/// <summary>Where bars are stored: one row per stock and day, with columns open, high, low, close, volume.</summary>
public sealed record PriceTable
{
    /// <summary>Name of the table; letters, digits and underscores. Default <c>price_movements</c>.</summary>
    /// <exception cref="ArgumentException">Anything else.</exception>
    public string Name
    {
        get;
        set
        {
            Throw.IfNotIdentifier(nameof(Name), value);
            field = value;
        }
    } = "price_movements";

    /// <summary>Column of the stock's code, text. Default <c>bse_code</c>.</summary>
    /// <exception cref="ArgumentException">Not a plain name.</exception>
    public string CodeColumn
    {
        get;
        set
        {
            Throw.IfNotIdentifier(nameof(CodeColumn), value);
            field = value;
        }
    } = "bse_code";

    /// <summary>Column of the day: ISO text in SQLite, a date in PostgreSQL. Default <c>date</c>.</summary>
    /// <exception cref="ArgumentException">Not a plain name.</exception>
    public string DateColumn
    {
        get;
        set
        {
            Throw.IfNotIdentifier(nameof(DateColumn), value);
            field = value;
        }
    } = "date";
}
