using Fettle.Databases.Sql;

namespace Fettle.Databases.Advice;

/// <summary>One statement shape of the workload with its weight, read once.</summary>
internal sealed record WorkloadItem(RecordedQuery Query, string Sql, AnalyzedQuery Analyzed, double Weight)
{
    public bool Writes => Analyzed.Statement.Kind == SqlStatementKind.Write;

    /// <summary>A recorded or literal value as .NET value; null when unknown.</summary>
    public object? Value(string? text, int sample)
    {
        if (text is null)
        {
            return null;
        }

        if (text[0] is '@' or ':' or '$' or '?')
        {
            return Query.Samples.Count == 0 || !Query.Samples[sample % Query.Samples.Count].TryGetValue(text[1..], out var value)
                ? null
                : TableSample.FromJson(value);
        }

        if (text[0] == '\'')
        {
            return text[1..^1].Replace("''", "'", StringComparison.Ordinal);
        }

        return long.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var whole) ? whole
            : double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var real) ? real : null;
    }

    /// <summary>How many values an IN list names; arrays count their sampled length.</summary>
    public int ListLength(ColumnPredicate predicate)
    {
        if (predicate.Value is { Length: > 0 } text)
        {
            if (text[0] == '(')
            {
                return text.Count(c => c == ',') + 1;
            }

            if (Query.Samples.Count > 0 && Query.Samples[0].TryGetValue(text[1..], out var value) && value.ValueKind == System.Text.Json.JsonValueKind.Array)
            {
                return Math.Max(1, value.GetArrayLength());
            }
        }

        return 10;
    }
}
