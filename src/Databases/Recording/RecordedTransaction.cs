using System.Data;
using System.Data.Common;

namespace Fettle.Databases.Recording;

/// <summary>Raises the versions of the written tables as the last thing before the commit, and shows them to readers after it.</summary>
internal sealed class RecordedTransaction(RecordedConnection connection, DbTransaction inner, WriteScope scope) : DbTransaction
{
    public DbTransaction Inner => inner;

    public override IsolationLevel IsolationLevel => inner.IsolationLevel;

    public override bool SupportsSavepoints => inner.SupportsSavepoints;

    protected override DbConnection? DbConnection => connection;

    public override void Commit() => CommitAsync(CancellationToken.None).GetAwaiter().GetResult();

    public override async Task CommitAsync(CancellationToken cancellationToken = default)
    {
        var raised = await scope.RaiseAsync(connection).ConfigureAwait(false);
        await inner.CommitAsync(cancellationToken).ConfigureAwait(false);
        End();
        connection.Owner.Versions.Publish(raised);
    }

    public override void Rollback()
    {
        inner.Rollback();
        End();
    }

    public override async Task RollbackAsync(CancellationToken cancellationToken = default)
    {
        await inner.RollbackAsync(cancellationToken).ConfigureAwait(false);
        End();
    }

    public override void Save(string savepointName) => inner.Save(savepointName);

    public override void Rollback(string savepointName) => inner.Rollback(savepointName);

    public override void Release(string savepointName) => inner.Release(savepointName);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            End();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync().ConfigureAwait(false);
        End();
    }

    void End()
    {
        if (ReferenceEquals(connection.Scope, scope))
        {
            connection.Scope = null;
        }
    }
}
