using System.Globalization;
using System.Text;

namespace Fettle.Services.Stocks.Importing;

/// <summary>One day of a price file.</summary>
internal readonly record struct ImportedBar(DateOnly Day, double Open, double High, double Low, double Close, long Volume);

/// <summary>A row that was left out: where it is and what is wrong with it.</summary>
internal sealed record RejectedRow(string File, int Line, string Reason)
{
    public override string ToString() => $"{File}:{Line}: {Reason}";
}

/// <summary>
/// Reads daily bars from CSV (RFC 4180) with a header that names timestamp (or date), open, high, low, close and volume in any order.
/// A timestamp's own date counts, whatever its offset. A malformed row is reported and left out; the rest is kept.
/// </summary>
internal static class PriceFile
{
    static readonly string[] Needed = ["open", "high", "low", "close", "volume"];

    /// <summary>The bars in date order, one per date: the first row of a date counts.</summary>
    public static (List<ImportedBar> Bars, List<RejectedRow> Rejected) Read(TextReader reader, string file)
    {
        var records = new CsvRecords(reader);
        var bars = new SortedDictionary<DateOnly, ImportedBar>();
        var rejected = new List<RejectedRow>();
        var header = records.Next();
        if (header is null)
        {
            rejected.Add(new RejectedRow(file, 1, "the file is empty; a header with timestamp, open, high, low, close, volume is needed"));
            return ([], rejected);
        }

        var names = header.Fields.ConvertAll(f => f.Trim().TrimStart('\uFEFF').ToLowerInvariant());
        var time = names.FindIndex(n => n is "timestamp" or "date");
        var columns = Array.ConvertAll(Needed, n => names.IndexOf(n));
        if (time < 0 || columns.Contains(-1))
        {
            var missing = Needed.Where((_, i) => columns[i] < 0).Concat(time < 0 ? ["timestamp"] : []);
            rejected.Add(new RejectedRow(file, header.Line, $"the header lacks {string.Join(", ", missing)}; the file is left out"));
            return ([], rejected);
        }

        while (records.Next() is { } record)
        {
            if (record.Fields is [""])
            {
                continue;
            }

            var (bar, problem) = Parse(record.Fields, names.Count, time, columns);
            if (problem is null && !bars.TryAdd(bar.Day, bar))
            {
                problem = $"{bar.Day:yyyy-MM-dd} was given before";
            }

            if (problem is not null)
            {
                rejected.Add(new RejectedRow(file, record.Line, problem));
            }
        }

        return ([.. bars.Values], rejected);
    }

    static (ImportedBar Bar, string? Problem) Parse(List<string> fields, int count, int time, int[] columns)
    {
        if (fields.Count != count)
        {
            return (default, $"{fields.Count} fields; the header has {count}");
        }

        // "2020-10-01 00:00:00+05:30": the exchange's own date is what is written, not its UTC instant.
        var stamp = fields[time].Trim();
        if (stamp.Length < 10 || !DateOnly.TryParseExact(stamp[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            || (stamp.Length > 10 && !DateTimeOffset.TryParse(stamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _)))
        {
            return (default, $"timestamp '{stamp}' is not a date");
        }

        Span<double> values = stackalloc double[Needed.Length];
        for (var i = 0; i < Needed.Length; i++)
        {
            var text = fields[columns[i]].Trim();
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]) || !double.IsFinite(values[i]))
            {
                return (default, $"{Needed[i]} '{text}' is not a number");
            }

            if (i < 4 ? values[i] <= 0 : values[i] is < 0 or > 9e15)
            {
                return (default, $"{Needed[i]} {text} is not {(i < 4 ? "above 0" : "a count")}");
            }
        }

        var (open, high, low, close) = (values[0], values[1], values[2], values[3]);
        return high < low || high < Math.Max(open, close) || low > Math.Min(open, close)
            ? (default, FormattableString.Invariant($"open {open}, close {close} are not between low {low} and high {high}"))
            : (new ImportedBar(day, open, high, low, close, (long)Math.Round(values[4])), null);
    }
}

/// <summary>Splits CSV into records; quoted fields may hold commas, doubled quotes and line breaks.</summary>
internal sealed class CsvRecords(TextReader reader)
{
    int _line;

    public sealed record CsvRecord(int Line, List<string> Fields);

    /// <summary>The next record with the line it begins on, or null at the end.</summary>
    public CsvRecord? Next()
    {
        var line = reader.ReadLine();
        if (line is null)
        {
            return null;
        }

        var start = ++_line;
        var fields = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        for (var i = 0; ; i++)
        {
            if (i == line.Length)
            {
                if (quoted && reader.ReadLine() is { } more)
                {
                    _line++;
                    field.Append('\n');
                    (line, i) = (more, -1);
                    continue;
                }

                fields.Add(field.ToString());
                return new CsvRecord(start, fields);
            }

            var c = line[i];
            if (quoted && c == '"' && i + 1 < line.Length && line[i + 1] == '"')
            {
                field.Append('"');
                i++;
            }
            else if (c == '"' && (quoted || field.Length == 0))
            {
                quoted = !quoted;
            }
            else if (c == ',' && !quoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(c);
            }
        }
    }
}
