using System.Data.Common;

namespace Fettle.Databases.Pools;

/// <summary>
/// The prepared commands of one pooled SQLite connection by their text, at most 64; a command out on loan is not in it.
/// Used by one lease at a time, so it needs no lock.
/// </summary>
internal sealed class StatementCache : IDisposable
{
    const int Most = 64;
    readonly Dictionary<string, DbCommand> _idle = new(StringComparer.Ordinal);
    readonly Queue<string> _order = new();

    public DbCommand? Take(string sql) => _idle.Remove(sql, out var command) ? command : null;

    public void Give(DbCommand command)
    {
        command.Parameters.Clear();
        command.Transaction = null;
        var sql = command.CommandText;
        if (!_idle.TryAdd(sql, command))
        {
            command.Dispose();
            return;
        }

        _order.Enqueue(sql);
        while (_order.Count > 4 * Most || _idle.Count > Most)
        {
            var oldest = _order.Dequeue();
            if (_idle.Count > Most && _idle.Remove(oldest, out var evicted))
            {
                evicted.Dispose();
            }
        }
    }

    public void Dispose()
    {
        foreach (var command in _idle.Values)
        {
            command.Dispose();
        }

        _idle.Clear();
        _order.Clear();
    }
}
