using System.Globalization;
using System.Text.Json;
using Fettle.Databases.Schema;

namespace Fettle.Databases.Advice;

/// <summary>
/// Random rows of a table held in memory: distinct counts (Haas and Stokes 1998, estimator Duj1), joint distinct counts of column sets,
/// and the selectivity of conditions with the recorded values, so that skew counts.
/// </summary>
internal sealed class TableSample(TableInfo table, IReadOnlyList<object?[]> rows)
{
    readonly Dictionary<string, double> _distinct = new(StringComparer.OrdinalIgnoreCase);

    public TableInfo Table => table;

    public IReadOnlyList<object?[]> Rows => rows;

    /// <summary>A distinct count from a better source than the sample.</summary>
    public void Know(string column, double distinct) => _distinct[column] = Math.Clamp(distinct, 1, Math.Max(1, table.Rows));

    /// <summary>Estimated distinct combinations of the columns; at least 1.</summary>
    public double Distinct(IReadOnlyList<string> columns)
    {
        var key = string.Join('\u0001', columns);
        if (_distinct.TryGetValue(key, out var known))
        {
            return known;
        }

        var ordinals = columns.Select(Ordinal).ToArray();
        double estimate;
        if (rows.Count == 0 || Array.Exists(ordinals, o => o < 0))
        {
            estimate = Math.Max(1, Math.Sqrt(Math.Max(1, table.Rows)));
        }
        else
        {
            var counts = new Dictionary<string, int>();
            foreach (var row in rows)
            {
                var value = string.Join('\u0001', ordinals.Select(o => Convert.ToString(row[o], CultureInfo.InvariantCulture)));
                counts[value] = counts.GetValueOrDefault(value) + 1;
            }

            var n = (double)rows.Count;
            var total = Math.Max(n, table.Rows);
            var once = counts.Count(c => c.Value == 1);
            estimate = n * counts.Count / (n - once + once * n / total);
            estimate = columns.Count == 1 ? estimate : Math.Max(estimate, columns.Max(c => Distinct([c])));
        }

        return _distinct[key] = Math.Clamp(estimate, 1, Math.Max(1, table.Rows));
    }

    /// <summary>Part of the rows with one value of the column: its frequency in the sample when it is common, else one in the distinct count.</summary>
    public double Equal(string column, object? value)
    {
        var ordinal = Ordinal(column);
        if (value is not null && ordinal >= 0 && rows.Count > 0)
        {
            var hits = rows.Count(r => Compare(r[ordinal], value) == 0);
            if (hits >= 3 || Distinct([column]) <= 50)
            {
                return Math.Max(hits, 0.5) / rows.Count;
            }
        }

        return 1 / Distinct([column]);
    }

    /// <summary>Part of the rows inside all bounds on one column; a bound without a known value keeps a third.</summary>
    public double Range(string column, IReadOnlyList<(string Operator, object? Value)> bounds)
    {
        var ordinal = Ordinal(column);
        var known = bounds.Where(b => b.Value is not null).ToList();
        var part = Math.Pow(1.0 / 3, bounds.Count - known.Count);
        if (known.Count == 0 || ordinal < 0 || rows.Count == 0)
        {
            return known.Count == 0 ? part : part * Math.Pow(1.0 / 3, known.Count);
        }

        var inside = rows.Count(r => r[ordinal] is not null && known.TrueForAll(b => Holds(Compare(r[ordinal], b.Value), b.Operator)));
        return part * Math.Max(inside, 0.5) / rows.Count;
    }

    public double Null(string column)
    {
        var ordinal = Ordinal(column);
        return ordinal < 0 || rows.Count == 0 ? 0.1 : Math.Max(0.5, rows.Count(r => r[ordinal] is null)) / rows.Count;
    }

    /// <summary>Mean stored bytes of the columns in SQLite's record format (1-byte header each; integers by magnitude).</summary>
    public double Bytes(IEnumerable<string> columns)
    {
        var sum = 0.0;
        foreach (var column in columns)
        {
            var ordinal = Ordinal(column);
            sum += 1 + (ordinal < 0 || rows.Count == 0 ? 8 : rows.Take(500).Average(r => Size(r[ordinal])));
        }

        return sum;
    }

    public int Ordinal(string column)
    {
        for (var i = 0; i < table.Columns.Count; i++)
        {
            if (table.Columns[i].Name.Equals(column, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }

    static double Size(object? value) => value switch
    {
        null => 0,
        long l => Math.Abs(l) switch { <= 1 => 0, < 128 => 1, < 32_768 => 2, < 8_388_608 => 3, < 2_147_483_648 => 4, _ => 8 },
        double => 8,
        string s => System.Text.Encoding.UTF8.GetByteCount(s),
        byte[] b => b.Length,
        _ => 8,
    };

    static bool Holds(int order, string op) => op switch
    {
        "<" => order < 0,
        "<=" => order <= 0,
        ">" => order > 0,
        ">=" => order >= 0,
        _ => order == 0,
    };

    /// <summary>Numbers before text, as SQLite sorts; dates of PostgreSQL compare as their ISO text.</summary>
    internal static int Compare(object? a, object? b)
    {
        if (a is null || b is null)
        {
            return (a is null ? 0 : 1) - (b is null ? 0 : 1);
        }

        var (left, right) = (Number(a), Number(b));
        if (left is { } x && right is { } y)
        {
            return x.CompareTo(y);
        }

        return left is null && right is null ? string.CompareOrdinal(Text(a), Text(b)) : left is null ? 1 : -1;
    }

    static double? Number(object value) => value switch
    {
        long or int or short or double or float or decimal => Convert.ToDouble(value, CultureInfo.InvariantCulture),
        bool b => b ? 1 : 0,
        _ => null,
    };

    static string Text(object value) => value switch
    {
        DateTime t => t.ToString(t.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-ddTHH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture),
        DateOnly d => d.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>A recorded value as the sample holds it.</summary>
    public static object? FromJson(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.TryGetInt64(out var whole) ? whole : value.GetDouble(),
        JsonValueKind.True => 1L,
        JsonValueKind.False => 0L,
        _ => null,
    };
}
