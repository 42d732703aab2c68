using System.Globalization;
using System.Text.Json;
using Fettle.Databases.Schema;

namespace Fettle.Databases.Advice;

/// <summary>
/// Random rows of a table held in memory: distinct counts (Haas and Stokes 1998, estimator Duj1), joint distinct counts of column sets,
/// and the selectivity of conditions with the recorded values, so that skew counts. Each answer is kept: a search asks for it thousands of times.
/// </summary>
/// <param name="table">Whose rows.</param>
/// <param name="rows">Some of them.</param>
/// <param name="ordered">Whether they come in the order in which the table holds them.</param>
internal sealed class TableSample(TableInfo table, IReadOnlyList<object?[]> rows, bool ordered = false)
{
    readonly Dictionary<string, double> _distinct = new(StringComparer.OrdinalIgnoreCase);
    readonly Dictionary<string, (int[] Codes, int Count)> _codes = new(StringComparer.OrdinalIgnoreCase);
    readonly Dictionary<string, double> _sorted = new(StringComparer.OrdinalIgnoreCase);
    readonly Dictionary<string, double> _bytes = new(StringComparer.OrdinalIgnoreCase);
    readonly Dictionary<(int, object), double> _equal = [];
    readonly Dictionary<string, double> _range = new(StringComparer.Ordinal);

    public TableInfo Table => table;

    public IReadOnlyList<object?[]> Rows => rows;

    public bool Ordered => ordered;

    /// <summary>A distinct count from a better source than the sample.</summary>
    public void Know(string column, double distinct) => _distinct[column] = Math.Clamp(distinct, 1, Math.Max(1, table.Rows));

    /// <summary>A correlation from a better source than the sample.</summary>
    public void KnowSorted(string column, double correlation) => _sorted[column] = correlation;

    /// <summary>Estimated distinct combinations of the columns; at least 1.</summary>
    public double Distinct(IReadOnlyList<string> columns)
    {
        var key = string.Join('\u0001', columns);
        if (_distinct.TryGetValue(key, out var known))
        {
            return known;
        }

        double estimate;
        if (rows.Count == 0 || columns.Any(c => Ordinal(c) < 0))
        {
            estimate = Math.Max(1, Math.Sqrt(Math.Max(1, table.Rows)));
        }
        else
        {
            var (codes, count) = Codes(columns);
            var repeats = new int[count];
            foreach (var code in codes)
            {
                repeats[code]++;
            }

            var n = (double)rows.Count;
            var total = Math.Max(n, table.Rows);
            var once = repeats.Count(r => r == 1);
            estimate = n * count / (n - once + once * n / total);
            estimate = columns.Count == 1 ? estimate : Math.Max(estimate, columns.Max(c => Distinct([c])));
        }

        return _distinct[key] = Math.Clamp(estimate, 1, Math.Max(1, table.Rows));
    }

    /// <summary>How far the column rises with the place of its row, −1 to 1: new rows then come at the end of an index on it. 0 when unknown.</summary>
    public double Sorted(string column)
    {
        if (_sorted.TryGetValue(column, out var known))
        {
            return known;
        }

        var ordinal = Ordinal(column);
        if (!ordered || ordinal < 0 || rows.Count < 3)
        {
            return _sorted[column] = 0;
        }

        var ranks = new double[rows.Count];
        var order = Enumerable.Range(0, rows.Count).Order(Comparer<int>.Create((x, y) => Compare(rows[x][ordinal], rows[y][ordinal]) is var c && c != 0 ? c : x - y)).ToArray();
        for (int at = 0, rank = 0; at < order.Length; at++)
        {
            rank += at > 0 && Compare(rows[order[at]][ordinal], rows[order[at - 1]][ordinal]) != 0 ? 1 : 0;
            ranks[order[at]] = rank;
        }

        var (mean, middle) = (ranks.Average(), (rows.Count - 1) / 2.0);
        var (both, own, place) = (0.0, 0.0, 0.0);
        for (var i = 0; i < ranks.Length; i++)
        {
            both += (ranks[i] - mean) * (i - middle);
            own += (ranks[i] - mean) * (ranks[i] - mean);
            place += (i - middle) * (i - middle);
        }

        return _sorted[column] = own == 0 ? 0 : both / Math.Sqrt(own * place);
    }

    /// <summary>Part of the rows with one value of the column: its frequency in the sample when it is common, else one in the distinct count.</summary>
    public double Equal(string column, object? value)
    {
        var ordinal = Ordinal(column);
        if (value is null || ordinal < 0 || rows.Count == 0)
        {
            return 1 / Distinct([column]);
        }

        if (!_equal.TryGetValue((ordinal, value), out var part))
        {
            var hits = rows.Count(r => Compare(r[ordinal], value) == 0);
            part = hits >= 3 || Distinct([column]) <= 50 ? Math.Max(hits, 0.5) / rows.Count : 1 / Distinct([column]);
            _equal.Add((ordinal, value), part);
        }

        return part;
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

        var key = string.Join('\u0001', known.Select(b => $"{b.Operator}{b.Value!.GetType().Name}{Convert.ToString(b.Value, CultureInfo.InvariantCulture)}").Prepend(column));
        if (!_range.TryGetValue(key, out var inside))
        {
            _range[key] = inside = Math.Max(0.5, rows.Count(r => r[ordinal] is not null && known.TrueForAll(b => Holds(Compare(r[ordinal], b.Value), b.Operator)))) / rows.Count;
        }

        return part * inside;
    }

    public double Null(string column)
    {
        var ordinal = Ordinal(column);
        if (ordinal < 0 || rows.Count == 0)
        {
            return 0.1;
        }

        if (!_range.TryGetValue(column, out var part))
        {
            _range[column] = part = Math.Max(0.5, rows.Count(r => r[ordinal] is null)) / rows.Count;
        }

        return part;
    }

    /// <summary>Mean stored bytes of the columns in SQLite's record format (1-byte header each; integers by magnitude).</summary>
    public double Bytes(IEnumerable<string> columns)
    {
        var sum = 0.0;
        foreach (var column in columns)
        {
            if (!_bytes.TryGetValue(column, out var mean))
            {
                var ordinal = Ordinal(column);
                _bytes[column] = mean = ordinal < 0 || rows.Count == 0 ? 8 : rows.Take(500).Average(r => Size(r[ordinal]));
            }

            sum += 1 + mean;
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

    /// <summary>A number for each row, the same where the columns are; a set's numbers come from those of the set without its last column.</summary>
    (int[] Codes, int Count) Codes(IReadOnlyList<string> columns)
    {
        var key = string.Join('\u0001', columns);
        if (_codes.TryGetValue(key, out var known))
        {
            return known;
        }

        var codes = new int[rows.Count];
        var count = 0;
        if (columns.Count == 1)
        {
            var ordinal = Ordinal(columns[0]);
            var numbers = new Dictionary<object, int>();
            for (var i = 0; i < codes.Length; i++)
            {
                codes[i] = Number(numbers, Plain(rows[i][ordinal]));
            }

            count = numbers.Count;
        }
        else
        {
            var (left, right) = (Codes([.. columns.SkipLast(1)]), Codes([columns[^1]]));
            var numbers = new Dictionary<long, int>();
            for (var i = 0; i < codes.Length; i++)
            {
                codes[i] = Number(numbers, (long)left.Codes[i] * right.Count + right.Codes[i]);
            }

            count = numbers.Count;
        }

        return _codes[key] = (codes, count);
    }

    static int Number<T>(Dictionary<T, int> numbers, T value)
        where T : notnull
    {
        if (!numbers.TryGetValue(value, out var number))
        {
            numbers.Add(value, number = numbers.Count);
        }

        return number;
    }

    /// <summary>What equals another of the same content.</summary>
    static object Plain(object? value) => value switch
    {
        null => DBNull.Value,
        byte[] bytes => Convert.ToHexString(bytes),
        Array list => string.Join('\u0001', list.Cast<object?>()),
        _ => value,
    };

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

        var (left, right) = (Numeric(a), Numeric(b));
        if (left is { } x && right is { } y)
        {
            return x.CompareTo(y);
        }

        return left is null && right is null ? string.CompareOrdinal(Text(a), Text(b)) : left is null ? 1 : -1;
    }

    static double? Numeric(object value) => value switch
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
