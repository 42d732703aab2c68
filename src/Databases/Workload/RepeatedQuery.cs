using Fettle.Databases.Sql;

namespace Fettle.Databases;

/// <summary>One statement that an endpoint runs many times in a single request (N+1), with the form that asks once.</summary>
/// <param name="Endpoint">The caller.</param>
/// <param name="Sql">The statement's shape.</param>
/// <param name="CallsPerRequest">Mean calls in a request.</param>
/// <param name="MostPerRequest">Most calls in one request.</param>
/// <param name="Requests">Requests that ran it.</param>
/// <param name="BatchedSql">One statement for many values; null when the shape has no single equality with a parameter.</param>
public sealed record RepeatedQuery(string Endpoint, string Sql, double CallsPerRequest, int MostPerRequest, long Requests, string? BatchedSql)
{
    /// <summary>Finds the loops in a recorded workload, most calls first.</summary>
    /// <param name="workload">Recorded with endpoint scopes.</param>
    /// <param name="engine">Decides between IN and ANY.</param>
    /// <param name="threshold">Calls of one shape in one request that count as a loop. Default 5; 2–10,000.</param>
    public static IReadOnlyList<RepeatedQuery> Find(IReadOnlyList<RecordedQuery> workload, DatabaseEngine engine, int threshold = 5)
    {
        ArgumentNullException.ThrowIfNull(workload);
        Throw.IfOutside(threshold, 2, 10_000);
        return
        [
            .. workload.Where(q => !q.Writes)
                .SelectMany(q => q.Endpoints.Where(e => e.MostPerRequest >= threshold && e.Requests > 0).Select(e => (Query: q, Endpoint: e)))
                .OrderByDescending(x => x.Endpoint.Calls)
                .Select(x => new RepeatedQuery(x.Endpoint.Name, x.Query.Sql, (double)x.Endpoint.Calls / x.Endpoint.Requests, x.Endpoint.MostPerRequest, x.Endpoint.Requests, Batch(x.Query.Sql, engine))),
        ];
    }

    /// <summary><c>a = @x</c> becomes <c>a IN (@x0, @x1, …)</c> or <c>a = ANY(@xs)</c>, and <c>a</c> joins the selected columns so that rows can be told apart.</summary>
    internal static string? Batch(string sql, DatabaseEngine engine)
    {
        var tokens = SqlTokenizer.Read(sql, engine);
        if (tokens.Count == 0 || !tokens[0].IsWord("SELECT") || tokens.Exists(t => t.IsWord("LIMIT") || t.IsWord("OR") || t.IsWord("GROUP") || t.IsWord("UNION")) || tokens.Count(t => t.IsWord("SELECT")) > 1)
        {
            return null;
        }

        var where = tokens.FindIndex(t => t.IsWord("WHERE"));
        for (var i = where + 2; where > 0 && i + 1 < tokens.Count; i++)
        {
            if (!tokens[i].IsSymbol("=") || tokens[i + 1].Kind != SqlTokenKind.Parameter || !tokens[i - 1].IsName)
            {
                continue;
            }

            var start = tokens[i - 2].IsSymbol(".") ? tokens[i - 3].Start : tokens[i - 1].Start;
            var column = sql[start..(tokens[i - 1].Start + tokens[i - 1].Length)];
            var name = tokens[i + 1].Text.TrimStart('@', ':', '$');
            var list = engine == DatabaseEngine.Postgres ? $"{column} = ANY(@{name}s)" : $"{column} IN (@{name}0, @{name}1, …)";
            var end = tokens[i + 1].Start + tokens[i + 1].Length;
            var from = tokens.Find(t => t.IsWord("FROM"));
            var selected = sql[..from.Start].TrimEnd();
            var carries = tokens.TakeWhile(t => !t.IsWord("FROM")).Any(t => t.IsSymbol("*") || t.Text.Equals(tokens[i - 1].Text, StringComparison.OrdinalIgnoreCase));
            return $"{selected}{(carries ? "" : ", " + column)} {sql[from.Start..start]}{list}{sql[end..]}";
        }

        return null;
    }
}
