using System.Data;
using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Fettle.Databases.Sql;
using Microsoft.Data.Sqlite;

namespace Fettle.Databases.Recording;

/// <summary>A command of a lease. On SQLite it borrows the prepared command of the same text from the connection's cache.</summary>
internal sealed class RecordedCommand(RecordedConnection connection) : DbCommand
{
    DbCommand? _inner;
    StatementEntry? _entry;
    RecordedTransaction? _transaction;
    bool _disposed;

    [AllowNull]
    public override string CommandText
    {
        get => _inner?.CommandText ?? "";
        set => SetText(value ?? "");
    }

    public override int CommandTimeout
    {
        get => Command.CommandTimeout;
        set => Command.CommandTimeout = value;
    }

    public override CommandType CommandType
    {
        get => Command.CommandType;
        set => Command.CommandType = value;
    }

    public override bool DesignTimeVisible { get; set; }

    public override UpdateRowSource UpdatedRowSource
    {
        get => Command.UpdatedRowSource;
        set => Command.UpdatedRowSource = value;
    }

    protected override DbConnection? DbConnection
    {
        get => connection;
        set
        {
            if (!ReferenceEquals(value, connection))
            {
                throw new NotSupportedException("a command stays with the lease that created it");
            }
        }
    }

    protected override DbParameterCollection DbParameterCollection => Command.Parameters;

    protected override DbTransaction? DbTransaction
    {
        get => _transaction;
        set => _transaction = value as RecordedTransaction ?? (value is null ? null : throw new ArgumentException("the transaction belongs to another connection", nameof(value)));
    }

    DbCommand Command => _inner ??= connection.Inner.CreateCommand();

    QueryRecorder Recorder => connection.Owner.Recorder;

    public override void Cancel() => _inner?.Cancel();

    public override void Prepare()
    {
        Ready();
        Command.Prepare();
    }

    public override async Task PrepareAsync(CancellationToken cancellationToken = default)
    {
        Ready();
        await Command.PrepareAsync(cancellationToken).ConfigureAwait(false);
    }

    public override int ExecuteNonQuery()
    {
        if (Begin() is not { } call)
        {
            return Command.ExecuteNonQuery();
        }

        return call.Plain
            ? Watch(call, static c => c.ExecuteNonQuery())
            : ExecuteVersionedAsync(call, c => Task.FromResult(c.ExecuteNonQuery())).GetAwaiter().GetResult();
    }

    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken)
    {
        if (Begin() is not { } call)
        {
            return Command.ExecuteNonQueryAsync(cancellationToken);
        }

        return call.Plain
            ? WatchAsync(call, c => c.ExecuteNonQueryAsync(cancellationToken))
            : ExecuteVersionedAsync(call, c => c.ExecuteNonQueryAsync(cancellationToken));
    }

    public override object? ExecuteScalar()
    {
        if (Begin() is not { } call)
        {
            return Command.ExecuteScalar();
        }

        return call.Plain
            ? Watch(call, static c => c.ExecuteScalar())
            : ExecuteVersionedAsync(call, c => Task.FromResult(c.ExecuteScalar())).GetAwaiter().GetResult();
    }

    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken)
    {
        if (Begin() is not { } call)
        {
            return Command.ExecuteScalarAsync(cancellationToken);
        }

        return call.Plain
            ? WatchAsync(call, c => c.ExecuteScalarAsync(cancellationToken))
            : ExecuteVersionedAsync(call, c => c.ExecuteScalarAsync(cancellationToken));
    }

    protected override DbParameter CreateDbParameter() => Command.CreateParameter();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior)
    {
        if (Begin() is not { } call)
        {
            return behavior.HasFlag(CommandBehavior.CloseConnection) ? new RecordedReader(Command.ExecuteReader(behavior & ~CommandBehavior.CloseConnection), this, default, connection) : Command.ExecuteReader(behavior);
        }

        var commit = call.Plain ? null : connection.Inner.BeginTransaction();
        try
        {
            Command.Transaction = commit ?? Command.Transaction;
            var reader = Command.ExecuteReader(behavior & ~CommandBehavior.CloseConnection);
            return new RecordedReader(reader, this, call with { Commit = commit }, behavior.HasFlag(CommandBehavior.CloseConnection) ? connection : null);
        }
        catch
        {
            commit?.Dispose();
            End(call, 0, failed: true);
            throw;
        }
    }

    protected override async Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken)
    {
        if (Begin() is not { } call)
        {
            var plain = await Command.ExecuteReaderAsync(behavior & ~CommandBehavior.CloseConnection, cancellationToken).ConfigureAwait(false);
            return behavior.HasFlag(CommandBehavior.CloseConnection) ? new RecordedReader(plain, this, default, connection) : plain;
        }

        var commit = call.Plain ? null : await connection.Inner.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Command.Transaction = commit ?? Command.Transaction;
            var reader = await Command.ExecuteReaderAsync(behavior & ~CommandBehavior.CloseConnection, cancellationToken).ConfigureAwait(false);
            return new RecordedReader(reader, this, call with { Commit = commit }, behavior.HasFlag(CommandBehavior.CloseConnection) ? connection : null);
        }
        catch
        {
            if (commit is not null)
            {
                await commit.DisposeAsync().ConfigureAwait(false);
            }

            End(call, 0, failed: true);
            throw;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing || _disposed)
        {
            return;
        }

        _disposed = true;
        if (_inner is null)
        {
            return;
        }

        if (_inner is SqliteCommand { CommandText.Length: > 0 } && connection.State == ConnectionState.Open && connection.Lease.Statements is { } cache)
        {
            cache.Give(_inner);
        }
        else
        {
            _inner.Dispose();
        }
    }

    /// <summary>What a reader's close, or the end of a call, adds to the account.</summary>
    public void End(in Call call, long rows, bool failed)
    {
        if (!failed)
        {
            Committed(call);
        }

        if (call.Entry is null || call.Start == 0)
        {
            return;
        }

        var ticks = Stopwatch.GetTimestamp() - call.Start;
        call.Entry.Add(ticks, rows, failed);
        QueryRecorder.Count(call.Entry);
        if (Recorder.Slow.IsSlow(ticks))
        {
            Recorder.Slow.Add(call.Entry.Sql, ticks, rows, Command.Parameters);
        }
    }

    /// <summary>Commits a statement that wrote by itself together with the versions it raised.</summary>
    public async Task CommitAsync(Call call)
    {
        var scope = new WriteScope(call.Commit);
        scope.Wrote(call.Entry!.Statement);
        var raised = await scope.RaiseAsync(connection).ConfigureAwait(false);
        await call.Commit!.CommitAsync().ConfigureAwait(false);
        connection.Owner.Versions.Publish(raised);
    }

    /// <summary>Null when the call needs neither recording nor versions.</summary>
    Call? Begin()
    {
        Ready();
        var recording = Recorder.Enabled;
        if (!recording && !connection.IsWrite)
        {
            // Still refuse writes: a read lease of PostgreSQL could otherwise change data unseen by the caches.
            Refuse(_entry ??= Recorder.Find(CommandText));
            return null;
        }

        _entry ??= Recorder.Find(CommandText);
        var statement = _entry.Statement;
        Refuse(_entry);
        var (versioned, raised) = connection.IsWrite && statement.Kind != SqlStatementKind.Read ? Track(statement) : default;
        if (!recording && !versioned && raised is null)
        {
            return null;
        }

        if (recording)
        {
            _entry.Sample(Command.Parameters);
        }

        return new Call(_entry, recording ? Stopwatch.GetTimestamp() : 0, Plain: !versioned, null) { Raised = raised };
    }

    void Refuse(StatementEntry entry)
    {
        if (!connection.IsWrite && entry.Statement.Kind == SqlStatementKind.Write)
        {
            Throw.WriteOnReadLease(entry.Sql);
        }
    }

    /// <summary>
    /// Whether the statement commits itself and must carry its versions; and, when the text ends a transaction, the versions that its success
    /// makes known: none raised yet where the text holds the whole transaction.
    /// </summary>
    (bool Versioned, List<(string, long)>? Raised) Track(SqlStatement statement)
    {
        if (statement.OwnTransaction)
        {
            return (false, statement.WrittenTables.Length > 0 && connection.Owner.Versions.Enabled ? [] : null);
        }

        switch (statement.Kind)
        {
            case SqlStatementKind.Begin:
                connection.Scope = new WriteScope(null);
                return default;
            case SqlStatementKind.Commit when connection.Scope is { } scope:
                // Raised inside the transaction, shown to readers after its commit: shown before, a reader could keep the old rows under the new version.
                return (false, scope.RaiseAsync(connection).GetAwaiter().GetResult());
            case SqlStatementKind.Rollback:
                connection.Scope = null;
                return default;
        }

        if (statement.WrittenTables.Length == 0)
        {
            return default;
        }

        if (connection.Scope is not null)
        {
            connection.Scope.Wrote(statement);
            return default;
        }

        return (connection.Owner.Versions.Enabled && statement.Kind == SqlStatementKind.Write, null);
    }

    /// <summary>A text that committed: its versions become known before the call returns. A commit that failed leaves the transaction to its caller.</summary>
    void Committed(in Call call)
    {
        if (call.Raised is not { } raised)
        {
            return;
        }

        if (call.Entry!.Statement.OwnTransaction)
        {
            // The text cannot be put into another transaction, so its versions are raised in one of their own right after it.
            using var transaction = connection.Inner.BeginTransaction();
            var scope = new WriteScope(transaction);
            scope.Wrote(call.Entry.Statement);
            raised = scope.RaiseAsync(connection).GetAwaiter().GetResult();
            transaction.Commit();
        }

        connection.Scope = null;
        connection.Owner.Versions.Publish(raised);
    }

    async Task<T> ExecuteVersionedAsync<T>(Call call, Func<DbCommand, Task<T>> execute)
    {
        var failed = true;
        try
        {
            await using var commit = await connection.Inner.BeginTransactionAsync().ConfigureAwait(false);
            Command.Transaction = commit;
            var result = await execute(Command).ConfigureAwait(false);
            await CommitAsync(call with { Commit = commit }).ConfigureAwait(false);
            failed = false;
            return result;
        }
        finally
        {
            if (_inner is not null)
            {
                _inner.Transaction = null;
            }

            End(call, 0, failed);
        }
    }

    T Watch<T>(in Call call, Func<DbCommand, T> execute)
    {
        var failed = true;
        try
        {
            var result = execute(Command);
            failed = false;
            return result;
        }
        finally
        {
            End(call, 0, failed);
        }
    }

    async Task<T> WatchAsync<T>(Call call, Func<DbCommand, Task<T>> execute)
    {
        var failed = true;
        try
        {
            var result = await execute(Command).ConfigureAwait(false);
            failed = false;
            return result;
        }
        finally
        {
            End(call, 0, failed);
        }
    }

    void Ready()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Command.Transaction = _transaction?.Inner ?? connection.Scope?.Transaction;
    }

    void SetText(string text)
    {
        if (_inner is not null && _inner.CommandText == text)
        {
            return;
        }

        _entry = null;
        if (connection.Lease.Statements?.Take(text) is not { } prepared)
        {
            Command.CommandText = text;
            return;
        }

        if (_inner is not null)
        {
            var parameters = _inner.Parameters.Cast<DbParameter>().ToArray();
            _inner.Parameters.Clear();
            prepared.Parameters.AddRange(parameters);
            if (_inner.CommandText.Length > 0)
            {
                connection.Lease.Statements.Give(_inner);
            }
            else
            {
                _inner.Dispose();
            }
        }

        _inner = prepared;
    }

    /// <summary>A call under way: its account, when it began, whether it runs as it is, or else the transaction that carries its versions.</summary>
    public readonly record struct Call(StatementEntry? Entry, long Start, bool Plain, DbTransaction? Commit)
    {
        /// <summary>Versions to show when the call, which commits a transaction by its text, has succeeded.</summary>
        public List<(string Table, long Version)>? Raised { get; init; }
    }
}
