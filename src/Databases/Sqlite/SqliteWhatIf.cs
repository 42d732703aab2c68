using System.Data.Common;
using System.Globalization;
using Fettle.Databases.Advice;
using Fettle.Databases.Plans;
using Fettle.Databases.Schema;
using Fettle.Databases.Sql;
using SQLitePCL;

namespace Fettle.Databases.Sqlite;

/// <summary>
/// What-if for SQLite: the schema without its rows in memory, <c>sqlite_stat1</c> filled from samples of the real tables, supposed indexes
/// created there, and the plan priced by <see cref="SqliteCostModel"/>. A trial costs some hundred microseconds.
/// </summary>
internal sealed class SqliteWhatIf : IWhatIf
{
    const int SampleRows = 3_000;
    readonly sqlite3 _db;
    readonly Dictionary<string, TableSample> _samples = new(StringComparer.OrdinalIgnoreCase);
    readonly Dictionary<string, IndexCandidate> _present = [];
    readonly DatabaseSchema _schema;
    readonly SqliteCostModel _model;

    SqliteWhatIf(DatabaseSchema schema)
    {
        _schema = schema;
        SqliteEngine.Ensure();
        Check(raw.sqlite3_open(":memory:", out _db));
        _model = new SqliteCostModel(schema, _samples);
    }

    /// <summary>A row of cost is about 70 ns: 4 M rows are scanned in 0.27 s.</summary>
    const double MillisecondsPerUnit = 70e-6;

    /// <summary>A call of a prepared statement, its read transaction included.</summary>
    const double Call = 0.003;

    public static async Task<SqliteWhatIf> CreateAsync(DbConnection connection, DatabaseSchema schema, IEnumerable<string> tables, CancellationToken cancellation)
    {
        var whatIf = new SqliteWhatIf(schema);
        try
        {
            foreach (var table in tables.Distinct(StringComparer.OrdinalIgnoreCase))
            {
                if (schema.Tables.TryGetValue(table, out var info))
                {
                    whatIf._samples[table] = new TableSample(info, await SampleAsync(connection, info, cancellation).ConfigureAwait(false), ordered: !info.WithoutRowId);
                }
            }

            whatIf.Clone();
            return whatIf;
        }
        catch
        {
            await whatIf.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The same samples under another schema: what a layout would change.</summary>
    public static SqliteWhatIf Under(DatabaseSchema schema, SqliteWhatIf other)
    {
        var whatIf = new SqliteWhatIf(schema);
        foreach (var (name, sample) in other._samples)
        {
            whatIf._samples[name] = new TableSample(schema.Tables[name], sample.Rows, sample.Ordered);
        }

        whatIf.Clone();
        return whatIf;
    }

    public TableSample? Sample(string table) => _samples.GetValueOrDefault(table);

    public ValueTask<IReadOnlyList<SupposedCost?>> CostAsync(IReadOnlyList<PricedItem> items, IReadOnlyList<IndexCandidate> supposed, CancellationToken cancellation)
    {
        Suppose(supposed);
        var costs = new SupposedCost?[items.Count];
        for (var i = 0; i < items.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var item = items[i].Item;
            if (Explain(item) is { } rows)
            {
                var plan = new QueryPlan { Engine = DatabaseEngine.Sqlite, Sql = item.Sql, Nodes = SqlitePlanReader.Read(rows) };
                var (cost, nodes) = _model.Price(item, plan.Nodes);
                costs[i] = new SupposedCost(cost, Call + cost * MillisecondsPerUnit, plan with { Nodes = nodes, Cost = cost });
            }
        }

        return ValueTask.FromResult<IReadOnlyList<SupposedCost?>>(costs);
    }

    public long Bytes(IndexCandidate candidate)
    {
        if (Sample(candidate.Table) is not { } sample)
        {
            return 0;
        }

        var part = Part(candidate, sample);
        var entry = 4 + sample.Bytes(candidate.Keys.Select(IndexCandidate.Unquote)) + 4;
        return 4096 + (long)(sample.Table.Rows * part * entry / 0.92);
    }

    /// <summary>
    /// A descent, and a page that must be written later: random pages of a large index cost most, while keys that rise with their rows all go to
    /// its last page.
    /// </summary>
    public double WriteCost(IndexCandidate candidate)
    {
        if (Sample(candidate.Table) is not { } sample)
        {
            return 0;
        }

        var rising = sample.Sorted(IndexCandidate.Unquote(candidate.Keys[0])) > IndexCandidate.Rising;
        return Part(candidate, sample) * (SqliteCostModel.Seek(sample.Table.Rows) + (rising ? 5 : 14 + DirtyPage * IndexCandidate.DirtyPages(Bytes(candidate) / 4096.0)));
    }

    public double RowCost(TableInfo table) => AppendCost + table.Indexes.Sum(i => WriteCost(new IndexCandidate(table.Name, [.. i.Keys.Select(SqlKeywords.Quote)]) { Where = i.Where }));

    /// <summary>A row that goes to the end of a table.</summary>
    public const double AppendCost = 20;

    /// <summary>A page read, changed and written to the log.</summary>
    const double DirtyPage = 240;

    public ValueTask DisposeAsync()
    {
        raw.sqlite3_close_v2(_db);
        return ValueTask.CompletedTask;
    }

    /// <summary>A partial index holds only the part of the rows that its condition keeps.</summary>
    static double Part(IndexCandidate candidate, TableSample sample)
    {
        if (candidate.Where is null)
        {
            return 1;
        }

        var tokens = SqlTokenizer.Read(candidate.Where, DatabaseEngine.Sqlite);
        var column = tokens[0].Text;
        if (tokens.Count >= 3 && tokens[1].IsWord("IS"))
        {
            var isNull = sample.Null(column);
            return tokens[2].IsWord("NULL") ? isNull : 1 - isNull;
        }

        if (tokens.Count == 3 && tokens[1].IsSymbol("="))
        {
            var text = tokens[2].Text;
            return text[0] == '\'' ? sample.Equal(column, text[1..^1].Replace("''", "'", StringComparison.Ordinal))
                : double.TryParse(text, CultureInfo.InvariantCulture, out var number) ? sample.Equal(column, number) : 1;
        }

        return 1;
    }

    void Clone()
    {
        // Of a thousand tables only those that the workload names: each change of an index reads the statistics of all again. A view may name any.
        var tables = _schema.Tables.Values.Where(t => _schema.Views.Count > 0 || _samples.ContainsKey(t.Name)).ToList();
        foreach (var table in tables)
        {
            Try(table.Sql!);
        }

        foreach (var index in tables.SelectMany(t => t.Indexes).Where(i => i.Sql is not null))
        {
            Try(index.Sql!);
        }

        foreach (var view in _schema.Views.Values)
        {
            Try(view.Sql);
        }

        Try("ANALYZE");
        Try("DELETE FROM sqlite_stat1");
        foreach (var table in tables)
        {
            Try($"INSERT INTO sqlite_stat1(tbl, idx, stat) VALUES ({SqliteSchemaReader.Literal(table.Name)}, NULL, '{Math.Max(1, table.Rows).ToString(CultureInfo.InvariantCulture)}')");
            foreach (var index in table.Indexes)
            {
                var partial = index.Where is null ? null : new IndexCandidate(table.Name, index.Keys) { Where = index.Where };
                Statistics(table.Name, index.Name, index.Keys, partial);
                if (partial is not null && Sample(table.Name) is { } sample)
                {
                    _model.Parts[index.Name] = Part(partial, sample);
                }
            }

            if (table.WithoutRowId)
            {
                // The key's own b-tree goes by the name of the table.
                Statistics(table.Name, table.Name, table.PrimaryKey);
            }
        }

        Try("ANALYZE sqlite_master");
    }

    void Suppose(IReadOnlyList<IndexCandidate> supposed)
    {
        var wanted = supposed.ToDictionary(c => c.Identity);
        var changed = false;
        foreach (var (identity, candidate) in _present.Where(p => !wanted.ContainsKey(p.Key)).ToArray())
        {
            Try($"DROP INDEX IF EXISTS {SqlKeywords.Quote(candidate.Name)}");
            _present.Remove(identity);
            changed = true;
        }

        foreach (var (identity, candidate) in wanted.Where(w => !_present.ContainsKey(w.Key)))
        {
            if (Try(candidate.Definition(candidate.Name, null, concurrently: false)))
            {
                Statistics(candidate.Table, candidate.Name, candidate.Keys, candidate);
                _present.Add(identity, candidate);
                if (candidate.Where is not null && Sample(candidate.Table) is { } sample)
                {
                    _model.Parts[candidate.Name] = Part(candidate, sample);
                }

                changed = true;
            }
        }

        if (changed)
        {
            Try("ANALYZE sqlite_master");
        }
    }

    /// <summary>stat1: rows, then the mean rows per distinct prefix of one, two, … keys.</summary>
    void Statistics(string table, string index, IReadOnlyList<string> keys, IndexCandidate? candidate = null)
    {
        if (Sample(table) is not { } sample)
        {
            return;
        }

        var rows = Math.Max(1, sample.Table.Rows * (candidate is null ? 1 : Part(candidate, sample)));
        var columns = new List<string>();
        var stat = new System.Text.StringBuilder(((long)rows).ToString(CultureInfo.InvariantCulture));
        foreach (var key in keys)
        {
            columns.Add(IndexCandidate.Unquote(key));
            stat.Append(' ').Append(Math.Max(1, (long)Math.Ceiling(rows / Math.Min(rows, sample.Distinct(columns)))).ToString(CultureInfo.InvariantCulture));
        }

        Try($"INSERT INTO sqlite_stat1(tbl, idx, stat) VALUES ({SqliteSchemaReader.Literal(table)}, {SqliteSchemaReader.Literal(index)}, '{stat}')");
    }

    List<(int Id, int Parent, string Detail)>? Explain(WorkloadItem item)
    {
        if (raw.sqlite3_prepare_v2(_db, "EXPLAIN QUERY PLAN " + item.Sql, out var statement) != raw.SQLITE_OK)
        {
            return null;
        }

        using (statement)
        {
            // The value of a LIKE pattern decides whether an index serves it, so sampled values are bound.
            foreach (var parameter in item.Analyzed.Parameters)
            {
                var position = raw.sqlite3_bind_parameter_index(statement, parameter);
                if (position > 0 && item.Value(parameter, 0) is { } value)
                {
                    _ = value switch
                    {
                        long l => raw.sqlite3_bind_int64(statement, position, l),
                        double d => raw.sqlite3_bind_double(statement, position, d),
                        _ => raw.sqlite3_bind_text(statement, position, value.ToString()),
                    };
                }
            }

            var rows = new List<(int, int, string)>();
            while (raw.sqlite3_step(statement) == raw.SQLITE_ROW)
            {
                rows.Add((raw.sqlite3_column_int(statement, 0), raw.sqlite3_column_int(statement, 1), raw.sqlite3_column_text(statement, 3).utf8_to_string()));
            }

            return rows;
        }
    }

    bool Try(string sql) => raw.sqlite3_exec(_db, sql) == raw.SQLITE_OK;

    void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw new InvalidOperationException($"the schema copy in memory cannot be opened: {raw.sqlite3_errmsg(_db).utf8_to_string()}");
        }
    }

    /// <summary>All rows of small tables; of large ones random rows by rowid, or, where there is none, a random part of a scan. By rowid where there is one.</summary>
    static async Task<List<object?[]>> SampleAsync(DbConnection connection, TableInfo table, CancellationToken cancellation)
    {
        var columns = string.Join(", ", table.Columns.Select(c => SqlKeywords.Quote(c.Name)));
        var quoted = SqlKeywords.Quote(table.Name);
        if (table.Rows <= 2 * SampleRows || table.WithoutRowId)
        {
            var step = Math.Max(1, table.Rows / SampleRows);
            return await SqliteSchemaReader.QueryAsync(connection, $"SELECT {columns} FROM {quoted}" + (step > 1 ? $" WHERE abs(random()) % {step.ToString(CultureInfo.InvariantCulture)} = 0" : "") + (table.WithoutRowId ? "" : " ORDER BY rowid"), cancellation).ConfigureAwait(false);
        }

        var range = (await SqliteSchemaReader.QueryAsync(connection, $"SELECT (SELECT min(rowid) FROM {quoted}), (SELECT max(rowid) FROM {quoted})", cancellation).ConfigureAwait(false))[0];
        var (low, high) = (Convert.ToInt64(range[0], CultureInfo.InvariantCulture), Convert.ToInt64(range[1], CultureInfo.InvariantCulture));
        var random = new Random(17);
        var rows = new SortedList<long, object?[]>(SampleRows);
        await using var command = connection.CreateCommand();
        command.CommandText = $"SELECT rowid, {columns} FROM {quoted} WHERE rowid >= @id ORDER BY rowid LIMIT 1";
        var id = command.CreateParameter();
        id.ParameterName = "@id";
        command.Parameters.Add(id);
        for (var i = 0; i < SampleRows * 11 / 10 && rows.Count < SampleRows; i++)
        {
            id.Value = low + (long)(random.NextDouble() * (high - low + 1));
            await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            if (await reader.ReadAsync(cancellation).ConfigureAwait(false) && !rows.ContainsKey(reader.GetInt64(0)))
            {
                var row = new object?[table.Columns.Count];
                for (var c = 0; c < row.Length; c++)
                {
                    row[c] = reader.IsDBNull(c + 1) ? null : reader.GetValue(c + 1);
                }

                rows.Add(reader.GetInt64(0), row);
            }
        }

        return [.. rows.Values];
    }
}
