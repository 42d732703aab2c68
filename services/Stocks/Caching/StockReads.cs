using System.Data.Common;
using Fettle.Databases;
using Fettle.Services.Stocks.Schema;
using Fettle.Services.Stocks.Serving;

namespace Fettle.Services.Stocks.Caching;

/// <summary>
/// The service's reading statements: on a connection, or from the query cache while its switch is on. A kept result belongs to the versions of the
/// tables that it was read from, so a write to one of them is a miss; a result that is kept needs no connection.
/// </summary>
internal sealed class StockReads(Database database, StocksCaches caches, StockSwitches switches)
{
    readonly KeptRows _kept = new(caches.Queries);

    public async ValueTask<IRows> BeginAsync(CancellationToken cancellation) =>
        switches.QueryCache.On ? _kept : new ConnectionRows(await database.OpenReadAsync(cancellation), owned: true);

    sealed class KeptRows(QueryCache<Array> cache) : IRows
    {
        public async ValueTask<T[]> ReadAsync<T>(string sql, (string Name, object? Value)[] parameters, Func<DbDataReader, T> row, CancellationToken cancellation) =>
            (T[])await cache.GetAsync(
                sql, Array.ConvertAll(parameters, p => KeyValuePair.Create(p.Name, p.Value)),
                async (connection, token) => await ConnectionRows.ReadAsync(connection, sql, parameters, row, token), cancellation);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
