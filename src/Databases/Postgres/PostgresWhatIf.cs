using System.Data.Common;
using System.Globalization;
using System.Text;
using Fettle.Databases.Advice;
using Fettle.Databases.Plans;
using Fettle.Databases.Schema;
using Fettle.Databases.Sql;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases.Postgres;

/// <summary>
/// What-if for PostgreSQL by the hypopg extension: the server's planner prices indexes that exist in this session only. Sizes are computed
/// here with fill and deduplication, since hypopg's are about twice too large; GIN, which it cannot suppose, is priced on a sample in a
/// temporary table.
/// </summary>
internal sealed class PostgresWhatIf : IWhatIf
{
    const int SampleRows = 3_000;

    // In the planner's unit, a random page read being 4: measured by inserts into tables of a million rows with and without an index.
    const double HeapRow = 0.35;
    const double Entry = 0.06;
    const double DescentStep = 0.006;
    const double DirtyPage = 3.0;
    const double InvertedEntries = 5;

    readonly DbConnection _connection;
    readonly DatabaseSchema _schema;
    readonly Dictionary<string, TableSample> _samples = new(StringComparer.OrdinalIgnoreCase);
    readonly Dictionary<string, string> _names = [];
    readonly Dictionary<(string Sql, string Index), double> _inverted = [];
    readonly Dictionary<string, long> _invertedBytes = [];
    readonly HashSet<string> _refused = new(StringComparer.Ordinal);
    readonly Dictionary<string, (long Number, string Name)> _supposed = new(StringComparer.Ordinal);
    readonly Dictionary<WorkloadItem, string> _explains = new(ReferenceEqualityComparer.Instance);
    readonly HashSet<WorkloadItem> _unexplained = new(ReferenceEqualityComparer.Instance);
    PostgresTime _time;

    PostgresWhatIf(DbConnection connection, DatabaseSchema schema)
    {
        _connection = connection;
        _schema = schema;
        _time = new PostgresTime(schema, 1, 4, 1000);
    }

    /// <exception cref="InvalidOperationException">hypopg is not there and cannot be created.</exception>
    public static async Task<PostgresWhatIf> CreateAsync(DbConnection connection, DatabaseSchema schema, IEnumerable<string> tables, CancellationToken cancellation)
    {
        var whatIf = new PostgresWhatIf(connection, schema);
        try
        {
            await whatIf.RunAsync("CREATE EXTENSION IF NOT EXISTS hypopg", cancellation).ConfigureAwait(false);
        }
        catch (DbException e)
        {
            throw new InvalidOperationException($"advice for PostgreSQL prices supposed indexes with the extension hypopg, which is not available ({e.Message}); install the package postgresql-NN-hypopg and let a superuser run CREATE EXTENSION hypopg", e);
        }

        await whatIf.RunAsync("SET plan_cache_mode = force_generic_plan; SET statement_timeout = '30s'; SELECT hypopg_reset()", cancellation).ConfigureAwait(false);
        whatIf._time = await PostgresTime.ReadAsync(connection, schema, cancellation).ConfigureAwait(false);
        foreach (var name in tables.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (schema.Tables.TryGetValue(name, out var table))
            {
                var sample = new TableSample(table, await whatIf.SampleAsync(table, cancellation).ConfigureAwait(false));
                whatIf._samples[name] = sample;
                // The server's own counts come from more rows, spread over more pages.
                foreach (var row in await SqliteSchemaReader.QueryAsync(connection, $"SELECT attname, n_distinct::float8, coalesce(correlation, 0)::float8 FROM pg_stats WHERE schemaname = {SqliteSchemaReader.Literal(table.SchemaName ?? "public")} AND tablename = {SqliteSchemaReader.Literal(table.Name)} AND n_distinct <> 0", cancellation).ConfigureAwait(false))
                {
                    var count = (double)row[1]!;
                    sample.Know((string)row[0]!, count > 0 ? count : -count * table.Rows);
                    sample.KnowSorted((string)row[0]!, (double)row[2]!);
                }
            }
        }

        return whatIf;
    }

    public TableSample? Sample(string table) => _samples.GetValueOrDefault(table);

    public async ValueTask<IReadOnlyList<SupposedCost?>> CostAsync(IReadOnlyList<PricedItem> items, IReadOnlyList<IndexCandidate> supposed, CancellationToken cancellation)
    {
        var wanted = supposed.Where(c => c.Method != "gin").ToList();
        var costs = new SupposedCost?[items.Count];
        var known = Enumerable.Range(0, items.Count).Where(i => !_unexplained.Contains(items[i].Item)).ToArray();
        try
        {
            var plans = await AskAsync(wanted, [.. known.Select(i => items[i])], cancellation).ConfigureAwait(false);
            for (var i = 0; i < plans.Length; i++)
            {
                costs[known[i]] = Price(items[known[i]].Item, plans[i]);
            }
        }
        catch (DbException)
        {
            // One statement, or one index, is refused: find out which.
            await SupposeAsync(wanted, cancellation).ConfigureAwait(false);
            foreach (var i in known)
            {
                try
                {
                    costs[i] = Price(items[i].Item, (await AskAsync(wanted, [items[i]], cancellation).ConfigureAwait(false))[0]);
                }
                catch (DbException)
                {
                    _unexplained.Add(items[i].Item);
                }
            }
        }

        for (var i = 0; i < costs.Length; i++)
        {
            foreach (var inverted in items[i].Serving.Where(c => c.Method == "gin"))
            {
                if (costs[i] is { } plain)
                {
                    var ratio = await InvertedRatioAsync(items[i].Item, inverted, cancellation).ConfigureAwait(false);
                    var time = PostgresTime.Call + (plain.Milliseconds - PostgresTime.Call) * ratio;
                    costs[i] = new SupposedCost(plain.Cost * ratio, time, plain.Plan with { Cost = plain.Cost * ratio });
                }
            }
        }

        return costs;
    }

    SupposedCost Price(WorkloadItem item, string json)
    {
        var (root, cost) = PostgresPlanReader.Read(json, _names);
        return new SupposedCost(cost, _time.Milliseconds(root), new QueryPlan { Engine = DatabaseEngine.Postgres, Sql = item.Sql, Nodes = [root], Cost = cost });
    }

    public long Bytes(IndexCandidate candidate)
    {
        if (_invertedBytes.TryGetValue(candidate.Identity, out var measured))
        {
            return measured;
        }

        if (Sample(candidate.Table) is not { } sample)
        {
            return 0;
        }

        if (candidate.Method == "brin")
        {
            // A summary of every 128 pages, and three pages that every such index has.
            return 24_576 + sample.Table.Bytes / 8192 / 128 * 40;
        }

        var columns = candidate.Keys.Concat(candidate.Include).Select(IndexCandidate.Unquote).ToList();
        var rows = sample.Table.Rows * Part(candidate, sample);
        var data = Math.Ceiling(columns.Sum(c => Width(sample, c)) / 8) * 8;
        var distinct = Math.Min(rows, sample.Distinct(columns));
        // Since version 13 equal keys share one tuple with a list of row addresses of 6 bytes; not where columns are included.
        var tuples = candidate.Include.Count == 0 && !candidate.Unique && rows / Math.Max(1, distinct) >= 2 && columns.TrueForAll(c => Folds(sample, c))
            ? distinct * (8 + data + 4) + rows * 6
            : rows * (8 + data + 4);
        return 16_384 + (long)(tuples / 0.9);
    }

    /// <summary>
    /// A descent and an entry, and the pages that become dirty: keys that rise with their rows share the last one, others fall on pages of their own where
    /// the index has more of them than rows are written together. A page that is dirty for the first time goes to the log whole.
    /// </summary>
    public double WriteCost(IndexCandidate candidate)
    {
        if (Sample(candidate.Table) is not { } sample)
        {
            return 0;
        }

        if (candidate.Method == "brin")
        {
            return 0.01;
        }

        var rows = Math.Max(2, sample.Table.Rows);
        var pages = Math.Max(1.0, Bytes(candidate) / 8192);
        var rising = sample.Sorted(IndexCandidate.Unquote(candidate.Keys[0])) > IndexCandidate.Rising;
        var dirty = rising ? pages / rows : IndexCandidate.DirtyPages(pages);
        var entries = candidate.Method == "gin" ? InvertedEntries : 1;
        return Part(candidate, sample) * entries * (Entry + DescentStep * Math.Log2(rows) + DirtyPage * Math.Min(1, dirty));
    }

    public double RowCost(TableInfo table) => HeapRow + table.Indexes.Where(i => i.Method is "btree" or "gin" or "brin")
        .Sum(i => WriteCost(new IndexCandidate(table.Name, [.. i.Keys.Select(k => k.StartsWith('(') ? k : SqlKeywords.Quote(k))]) { Where = i.Where, Method = i.Method, Include = [.. i.Include.Select(SqlKeywords.Quote)], Unique = i.Unique }));

    public async ValueTask DisposeAsync()
    {
        try
        {
            await RunAsync("SELECT hypopg_reset(); RESET plan_cache_mode; RESET statement_timeout; DISCARD TEMP", CancellationToken.None).ConfigureAwait(false);
        }
        catch (DbException)
        {
            // The session is gone, and its suppositions with it.
        }
    }

    /// <summary>EXPLAIN with the recorded values, else the generic plan.</summary>
    public static async Task<string> ExplainAsync(DbConnection connection, string sql, RecordedQuery? query, CancellationToken cancellation, string options = "FORMAT JSON")
    {
        if (PostgresLiterals.Substitute(sql, query?.Samples.Count > 0 ? query.Samples[0] : null) is { } literal)
        {
            return await ScalarAsync(connection, $"EXPLAIN ({options}) {literal}", cancellation).ConfigureAwait(false);
        }

        var (numbered, count) = PostgresLiterals.Number(sql);
        await ExecuteAsync(connection, $"PREPARE fettle_explain AS {numbered}", cancellation).ConfigureAwait(false);
        try
        {
            return await ScalarAsync(connection, $"EXPLAIN ({options}) EXECUTE fettle_explain({string.Join(", ", Enumerable.Repeat("NULL", count))})", cancellation).ConfigureAwait(false);
        }
        finally
        {
            await ExecuteAsync(connection, "DEALLOCATE fettle_explain", cancellation).ConfigureAwait(false);
        }
    }

    static double Part(IndexCandidate candidate, TableSample sample)
    {
        if (candidate.Where is null)
        {
            return 1;
        }

        var tokens = SqlTokenizer.Read(candidate.Where, DatabaseEngine.Postgres);
        var isNull = sample.Null(tokens[0].Text);
        return tokens.Count switch
        {
            _ when tokens[1].IsWord("IS") => tokens[2].IsWord("NULL") ? isNull : 1 - isNull,
            3 when tokens[2].Kind == SqlTokenKind.String => sample.Equal(tokens[0].Text, tokens[2].Text[1..^1].Replace("''", "'", StringComparison.Ordinal)),
            3 when double.TryParse(tokens[2].Text, CultureInfo.InvariantCulture, out var number) => sample.Equal(tokens[0].Text, number),
            _ => 1,
        };
    }

    /// <summary>Whether equal values of the type are equal byte for byte: the engine folds no others.</summary>
    static bool Folds(TableSample sample, string column) => sample.Table.Column(column)?.Type is not ("numeric" or "real" or "double precision" or "character" or "jsonb") and var type && type?.EndsWith("[]", StringComparison.Ordinal) != true;

    static double Width(TableSample sample, string column) => sample.Table.Column(column)?.Type switch
    {
        "boolean" => 1,
        "smallint" => 2,
        "integer" or "real" or "date" => 4,
        "bigint" or "double precision" or "timestamp without time zone" or "timestamp with time zone" => 8,
        "uuid" => 16,
        null => 16,
        _ => sample.Bytes([column]),
    };

    /// <summary>Makes the set supposed, drops and creates only what differs, and explains the statements: all in one round trip.</summary>
    async Task<string[]> AskAsync(IReadOnlyList<IndexCandidate> supposed, IReadOnlyList<PricedItem> items, CancellationToken cancellation)
    {
        var wanted = supposed.Select(c => c.Identity).ToHashSet(StringComparer.Ordinal);
        var gone = _supposed.Where(s => !wanted.Contains(s.Key)).ToList();
        var fresh = supposed.Where(c => !_supposed.ContainsKey(c.Identity) && !_refused.Contains(c.Identity)).DistinctBy(c => c.Identity).ToList();
        var sql = new StringBuilder();
        foreach (var (identity, (number, name)) in gone)
        {
            sql.Append(CultureInfo.InvariantCulture, $"SELECT hypopg_drop_index({number});");
            _supposed.Remove(identity);
            _names.Remove(name);
        }

        foreach (var candidate in fresh)
        {
            var ddl = candidate.Definition(candidate.Name, _schema.Tables[candidate.Table].SchemaName, concurrently: false).Replace("IF NOT EXISTS " + SqlKeywords.Quote(candidate.Name) + " ", "", StringComparison.Ordinal);
            sql.Append(CultureInfo.InvariantCulture, $"SELECT indexrelid::bigint, indexname FROM hypopg_create_index({SqliteSchemaReader.Literal(ddl)});");
        }

        foreach (var item in items)
        {
            // On a line of its own: the statement may end with a comment.
            sql.Append(Explain(item.Item)).Append("\n;");
        }

        var plans = new string[items.Count];
        if (sql.Length == 0)
        {
            return plans;
        }

        await using var command = _connection.CreateCommand();
        command.CommandText = sql.ToString();
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        for (var i = 0; i < gone.Count; i++)
        {
            await reader.NextResultAsync(cancellation).ConfigureAwait(false);
        }

        foreach (var candidate in fresh)
        {
            if (await reader.ReadAsync(cancellation).ConfigureAwait(false) && !reader.IsDBNull(1))
            {
                _supposed[candidate.Identity] = (reader.GetInt64(0), reader.GetString(1));
                _names[reader.GetString(1)] = candidate.Name;
            }

            await reader.NextResultAsync(cancellation).ConfigureAwait(false);
        }

        for (var i = 0; i < plans.Length; i++)
        {
            await reader.ReadAsync(cancellation).ConfigureAwait(false);
            plans[i] = reader.GetString(0);
            await reader.NextResultAsync(cancellation).ConfigureAwait(false);
        }

        return plans;
    }

    /// <summary>The way when one of the set may be refused: start again, one by one, and leave that one out from now on.</summary>
    async Task SupposeAsync(IReadOnlyList<IndexCandidate> supposed, CancellationToken cancellation)
    {
        await RunAsync("SELECT hypopg_reset()", cancellation).ConfigureAwait(false);
        _supposed.Clear();
        _names.Clear();
        for (var i = 1; i <= supposed.Count; i++)
        {
            try
            {
                await AskAsync([.. supposed.Take(i)], [], cancellation).ConfigureAwait(false);
            }
            catch (DbException)
            {
                _refused.Add(supposed[i - 1].Identity);
            }
        }
    }

    /// <summary>EXPLAIN with the recorded values, else of the generic plan.</summary>
    string Explain(WorkloadItem item)
    {
        if (!_explains.TryGetValue(item, out var text))
        {
            if (PostgresLiterals.Substitute(item.Sql, item.Query.Samples.Count > 0 ? item.Query.Samples[0] : null) is { } literal)
            {
                text = "EXPLAIN (FORMAT JSON) " + literal.TrimEnd(' ', '\n', ';');
            }
            else
            {
                var (numbered, count) = PostgresLiterals.Number(item.Sql);
                var name = string.Create(CultureInfo.InvariantCulture, $"fettle_explain_{_explains.Count}");
                text = $"PREPARE {name} AS {numbered.TrimEnd(' ', '\n', ';')}\n;EXPLAIN (FORMAT JSON) EXECUTE {name}({string.Join(", ", Enumerable.Repeat("NULL", count))});DEALLOCATE {name}";
            }

            _explains.Add(item, text);
        }

        return text;
    }

    /// <summary>Cost with the GIN index ÷ cost without, both on a sample that shadows the table; the gain on the whole table is larger.</summary>
    async Task<double> InvertedRatioAsync(WorkloadItem item, IndexCandidate candidate, CancellationToken cancellation)
    {
        if (_inverted.TryGetValue((item.Sql, candidate.Identity), out var known))
        {
            return known;
        }

        var table = _schema.Tables[candidate.Table];
        var name = SqlKeywords.Quote(table.Name);
        var ratio = 1.0;
        await RunAsync($"DROP TABLE IF EXISTS pg_temp.{name}", cancellation).ConfigureAwait(false);
        try
        {
            var percent = Math.Clamp(100.0 * 50_000 / Math.Max(1, table.Rows), 0.001, 100);
            await RunAsync(string.Create(CultureInfo.InvariantCulture, $"CREATE TEMP TABLE {name} AS SELECT * FROM {SqlKeywords.Quote(table.SchemaName ?? "public")}.{name} TABLESAMPLE SYSTEM ({percent}); ANALYZE pg_temp.{name}"), cancellation).ConfigureAwait(false);
            var (_, without) = PostgresPlanReader.Read(await ExplainAsync(_connection, item.Sql, item.Query, cancellation).ConfigureAwait(false));
            await RunAsync($"CREATE INDEX fettle_sample ON pg_temp.{name} USING gin ({string.Join(", ", candidate.Keys)}); ANALYZE pg_temp.{name}", cancellation).ConfigureAwait(false);
            var (_, with) = PostgresPlanReader.Read(await ExplainAsync(_connection, item.Sql, item.Query, cancellation).ConfigureAwait(false));
            ratio = Math.Min(1, with / Math.Max(1e-9, without));
            var bytes = Convert.ToInt64(await ScalarAsync(_connection, "SELECT pg_relation_size('pg_temp.fettle_sample')::text", cancellation).ConfigureAwait(false), CultureInfo.InvariantCulture);
            _invertedBytes[candidate.Identity] = (long)(bytes * 100 / percent);
        }
        finally
        {
            await RunAsync($"DROP TABLE IF EXISTS pg_temp.{name}", cancellation).ConfigureAwait(false);
        }

        return _inverted[(item.Sql, candidate.Identity)] = ratio;
    }

    async Task<List<object?[]>> SampleAsync(TableInfo table, CancellationToken cancellation)
    {
        var columns = string.Join(", ", table.Columns.Select(c => c.Type is "text" or "character varying" or "character" or "integer" or "bigint" or "smallint" or "real" or "double precision" or "boolean" ? SqlKeywords.Quote(c.Name) : $"{SqlKeywords.Quote(c.Name)}::text"));
        var from = (table.SchemaName is null ? "" : SqlKeywords.Quote(table.SchemaName) + ".") + SqlKeywords.Quote(table.Name);
        var sample = table.Rows > 20 * SampleRows
            ? string.Create(CultureInfo.InvariantCulture, $"TABLESAMPLE SYSTEM ({Math.Clamp(100.0 * 10 * SampleRows / table.Rows, 0.001, 100)}) ORDER BY random()")
            : "ORDER BY random()";
        var rows = await SqliteSchemaReader.QueryAsync(_connection, string.Create(CultureInfo.InvariantCulture, $"SELECT {columns} FROM {from} {sample} LIMIT {SampleRows}"), cancellation).ConfigureAwait(false);
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length; i++)
            {
                row[i] = row[i] switch { int or short => Convert.ToInt64(row[i], CultureInfo.InvariantCulture), float f => (double)f, var other => other };
            }
        }

        return rows;
    }

    Task RunAsync(string sql, CancellationToken cancellation) => ExecuteAsync(_connection, sql, cancellation);

    static async Task ExecuteAsync(DbConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    static async Task<string> ScalarAsync(DbConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (string)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }
}
