using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Fettle.Databases.Pools;
using Fettle.Databases.Sql;

namespace Fettle.Databases.Recording;

/// <summary>
/// A lease as a <see cref="DbConnection"/>: records what runs on it, refuses writes on read leases, and raises data versions inside the
/// transaction of each write. Closing it gives the lease back.
/// </summary>
internal sealed class RecordedConnection(Database database, Lease lease, bool write) : DbConnection
{
    bool _closed;

    public DbConnection Inner => _closed ? ThrowClosed() : lease.Connection;

    public Database Owner { get; } = database;

    public Lease Lease => lease;

    public bool IsWrite => write;

    /// <summary>The transaction that a caller began, by method or by text; null while statements commit themselves.</summary>
    public WriteScope? Scope { get; set; }

    [AllowNull]
    public override string ConnectionString
    {
        get => Owner.Address.ToString();
        set => throw new NotSupportedException("a lease keeps the connection string of its database");
    }

    public override string Database => lease.Connection.Database;

    public override string DataSource => lease.Connection.DataSource;

    public override string ServerVersion => lease.Connection.ServerVersion;

    public override ConnectionState State => _closed ? ConnectionState.Closed : lease.Connection.State;

    protected override DbProviderFactory? DbProviderFactory => DbProviderFactories.GetFactory(lease.Connection);

    

    public override string ToString() => $"{Database} ({(write ? "write" : "read")} lease)";

    public override void Open()
    {
        if (_closed)
        {
            Throw.Returned();
        }
    }

    public override Task OpenAsync(CancellationToken cancellationToken)
    {
        Open();
        return Task.CompletedTask;
    }

    public override void Close()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        var broken = lease.Connection.State != ConnectionState.Open;
        if (Scope is { } scope)
        {
            Scope = null;
            broken |= !scope.TryRollback(lease.Connection);
        }

        lease.Return(broken);
    }

    public override void ChangeDatabase(string databaseName) => throw new NotSupportedException("a lease stays on its database; open another Database");

    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel)
    {
        var inner = Inner.BeginTransaction(isolationLevel);
        return Begin(inner);
    }

    protected override async ValueTask<DbTransaction> BeginDbTransactionAsync(IsolationLevel isolationLevel, CancellationToken cancellationToken) =>
        Begin(await Inner.BeginTransactionAsync(isolationLevel, cancellationToken).ConfigureAwait(false));

    protected override DbCommand CreateDbCommand() => new RecordedCommand(this);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Close();
        }
    }

    public override ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    RecordedTransaction Begin(DbTransaction inner)
    {
        Scope = new WriteScope(inner);
        return new RecordedTransaction(this, inner, Scope);
    }

    [DoesNotReturn]
    static DbConnection ThrowClosed()
    {
        Throw.Returned();
        return null;
    }
}

/// <summary>An open transaction and the tables written in it so far.</summary>
internal sealed class WriteScope(DbTransaction? transaction)
{
    readonly HashSet<string> _tables = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Null when the caller began it with a statement of its own.</summary>
    public DbTransaction? Transaction => transaction;

    public void Wrote(SqlStatement statement) => _tables.UnionWith(statement.WrittenTables);

    public async Task<List<(string, long)>> RaiseAsync(RecordedConnection connection) => _tables.Count == 0 || !connection.Owner.Versions.Enabled
        ? []
        : await connection.Owner.Versions.RaiseAsync(connection.Inner, transaction, _tables).ConfigureAwait(false);

    public bool TryRollback(DbConnection connection)
    {
        try
        {
            if (transaction is not null)
            {
                transaction.Dispose();
            }
            else
            {
                using var command = connection.CreateCommand();
                command.CommandText = "ROLLBACK";
                command.ExecuteNonQuery();
            }

            return true;
        }
        catch (Exception e) when (e is DbException or InvalidOperationException)
        {
            return false;
        }
    }
}
