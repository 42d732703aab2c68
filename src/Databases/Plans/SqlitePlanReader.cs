using System.Text.RegularExpressions;

namespace Fettle.Databases.Plans;

/// <summary>Turns the rows of EXPLAIN QUERY PLAN into nodes; knows the wording of 3.35 ("SCAN TABLE t AS a") and of later versions ("SCAN a").</summary>
internal static partial class SqlitePlanReader
{
    public static IReadOnlyList<PlanNode> Read(IReadOnlyList<(int Id, int Parent, string Detail)> rows)
    {
        var children = rows.ToLookup(r => r.Parent);
        IReadOnlyList<PlanNode> Build(int parent) => [.. children[parent].Select(r => Parse(r.Detail) with { Children = Build(r.Id) })];
        return Build(0);
    }

    static PlanNode Parse(string detail)
    {
        if (Access().Match(detail) is { Success: true } access)
        {
            var index = access.Groups["index"];
            var how = access.Groups["how"].Value;
            return new PlanNode
            {
                Kind = access.Groups["verb"].Value == "SCAN" ? PlanNodeKind.Scan : PlanNodeKind.Seek,
                Detail = detail,
                Table = access.Groups["alias"].Success ? access.Groups["alias"].Value : access.Groups["table"].Value,
                Index = index.Success ? index.Value : how.StartsWith("AUTOMATIC", StringComparison.Ordinal) ? "(automatic)" : how.Contains("PRIMARY KEY", StringComparison.Ordinal) ? "(primary key)" : null,
                Covering = how.Contains("COVERING", StringComparison.Ordinal) || how.Contains("PRIMARY KEY", StringComparison.Ordinal),
                Condition = access.Groups["condition"].Success ? access.Groups["condition"].Value : null,
            };
        }

        var kind = detail switch
        {
            _ when detail.StartsWith("USE TEMP B-TREE", StringComparison.Ordinal) => PlanNodeKind.Sort,
            _ when detail.Contains("SUBQUERY", StringComparison.Ordinal) => PlanNodeKind.Subquery,
            _ when detail.StartsWith("CO-ROUTINE", StringComparison.Ordinal) || detail.StartsWith("MATERIALIZE", StringComparison.Ordinal) => PlanNodeKind.Temporary,
            _ => PlanNodeKind.Other,
        };
        var named = Named().Match(detail);
        return new PlanNode { Kind = kind, Detail = detail, Table = named.Success ? named.Groups[1].Value : null };
    }

    [GeneratedRegex(@"^(?<verb>SCAN|SEARCH) (?:TABLE |SUBQUERY )?(?<table>\S.*?)(?: AS (?<alias>.+?))?(?: USING (?<how>AUTOMATIC PARTIAL COVERING INDEX|AUTOMATIC COVERING INDEX|AUTOMATIC INDEX|COVERING INDEX|INDEX|INTEGER PRIMARY KEY|PRIMARY KEY)(?: (?<index>[^(].*?))??)?(?: \((?<condition>.*)\))?(?: (?:LEFT-JOIN|EXISTS))?$", RegexOptions.CultureInvariant)]
    private static partial Regex Access();

    [GeneratedRegex(@"^(?:CO-ROUTINE|MATERIALIZE) (?:SUBQUERY )?(.+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Named();
}
