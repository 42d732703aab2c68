using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace Fettle.MarketData;

/// <summary>A row that could not be taken: where it stands and why.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">Its line, the header being line 1.</param>
/// <param name="Message">Column, value and what is allowed.</param>
public sealed record PriceRowError(string File, int Line, string Message)
{
    /// <summary><c>FILE(LINE): message</c>, as editors link it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{File}({Line}): {Message}");
}

/// <summary>The bars of a file, oldest first, and the rows that were refused.</summary>
/// <param name="Bars">In date order, one a day.</param>
/// <param name="Errors">In file order.</param>
public sealed record PriceFile(IReadOnlyList<StockBar> Bars, IReadOnlyList<PriceRowError> Errors);

/// <summary>
/// Reads daily bars from CSV: columns <c>timestamp</c> or <c>date</c>, <c>open</c>, <c>high</c>, <c>low</c>, <c>close</c>, <c>volume</c> in any
/// order and case; others are ignored. A timestamp may carry a time and an offset: the day is the one that is written, which is the
/// exchange's, and not the day in universal time.
/// </summary>
public static class PriceCsv
{
    static readonly string[] Numbers = ["open", "high", "low", "close", "volume"];

    static readonly string[] Formats =
    [
        "yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:sszzz", "yyyy-MM-ddTHH:mm:ss", "yyyy-MM-ddTHH:mm:sszzz", "yyyy-MM-ddTHH:mm:ssZ", "yyyy-MM-dd HH:mm:ssZ",
    ];

    /// <summary>Reads one file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="code">The code that its bars get.</param>
    /// <exception cref="InvalidDataException">The file has no header with the columns above.</exception>
    public static PriceFile Read(string path, string code)
    {
        using var reader = new StreamReader(path);
        return Read(reader, path, code);
    }

    /// <summary>Reads text; <paramref name="file"/> is what errors call it.</summary>
    /// <exception cref="InvalidDataException">The text has no header with the columns above.</exception>
    public static PriceFile Read(TextReader text, string file, string code)
    {
        var errors = new List<PriceRowError>();
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            HasHeaderRecord = false,
            BadDataFound = null,
            TrimOptions = TrimOptions.Trim,
        };
        using var parser = new CsvParser(text, configuration);
        if (!parser.Read())
        {
            throw new InvalidDataException($"{file}(1): the file is empty; expected a header with timestamp, open, high, low, close, volume");
        }

        var columns = Columns(parser.Record!, file);
        var bars = new SortedDictionary<int, StockBar>();
        while (parser.Read())
        {
            var line = parser.RawRow;
            if (TryBar(parser.Record!, columns, code, out var bar, out var why) && !bars.TryAdd(bar.Day, bar))
            {
                why = string.Create(CultureInfo.InvariantCulture, $"a second bar on {DateOnly.FromDayNumber(bar.Day):yyyy-MM-dd}; one a day is allowed");
            }

            if (why is not null)
            {
                errors.Add(new PriceRowError(file, line, why));
            }
        }

        return new PriceFile([.. bars.Values], errors);
    }

    static int[] Columns(string[] header, string file)
    {
        int Find(params string[] names) => Array.FindIndex(header, h => names.Contains(h.Trim('\uFEFF', ' '), StringComparer.OrdinalIgnoreCase));
        int[] columns = [Find("timestamp", "date"), .. Numbers.Select(n => Find(n))];
        var missing = columns.Select((at, i) => (at, Name: i == 0 ? "timestamp" : Numbers[i - 1])).Where(c => c.at < 0).Select(c => c.Name).ToArray();
        return missing.Length == 0 ? columns : throw new InvalidDataException(
            $"{file}(1): the header lacks {string.Join(", ", missing)}; expected timestamp (or date), open, high, low, close, volume");
    }

    static bool TryBar(string[] row, int[] columns, string code, out StockBar bar, out string? why)
    {
        bar = default;
        why = null;
        if (row.Length <= columns.Max())
        {
            why = $"{row.Length} fields; the header has at least {columns.Max() + 1}";
            return false;
        }

        if (!TryDay(row[columns[0]], out var day))
        {
            why = $"timestamp '{row[columns[0]]}' is not a date; expected yyyy-MM-dd, with or without time and offset";
            return false;
        }

        Span<double> values = stackalloc double[Numbers.Length];
        for (var i = 0; i < Numbers.Length; i++)
        {
            var text = row[columns[i + 1]];
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]) || !double.IsFinite(values[i]) || values[i] < 0 || (values[i] == 0 && i < 4))
            {
                why = $"{Numbers[i]} is '{text}'; expected a number {(i < 4 ? "above 0" : "of 0 or more")}";
                return false;
            }
        }

        if (values[1] < values[2])
        {
            why = string.Create(CultureInfo.InvariantCulture, $"high {values[1]} is below low {values[2]}");
            return false;
        }

        bar = new StockBar(code, day, values[0], values[1], values[2], values[3], values[4]);
        return true;
    }

    static bool TryDay(string text, out int day)
    {
        if (DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowWhiteSpaces, out var time))
        {
            day = DateOnly.FromDateTime(time.DateTime).DayNumber;
            return true;
        }

        day = 0;
        return false;
    }
}
