using System.Globalization;
using System.Security.Cryptography;
using Fettle.Databases;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Stocks.Caching;

/// <summary>
/// A random name that a database keeps for life. Data versions count from zero in every database, so without it two databases that share
/// a Redis would take each other's values for their own.
/// </summary>
internal static class CacheIdentity
{
    const string Table = "fettle_cache_identity";

    public static async Task<string> OfAsync(Database database, CancellationToken cancellation)
    {
        await using var connection = await database.OpenWriteAsync(cancellation);
        await using (var create = connection.Command($"CREATE TABLE IF NOT EXISTS {Table} (only_row INTEGER PRIMARY KEY, name TEXT NOT NULL)"))
        {
            await create.ExecuteNonQueryAsync(cancellation);
        }

        var name = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        await using (var insert = connection.Command($"INSERT INTO {Table} (only_row, name) VALUES (1, @name) ON CONFLICT (only_row) DO NOTHING", ("name", name)))
        {
            await insert.ExecuteNonQueryAsync(cancellation);
        }

        await using var read = connection.Command($"SELECT name FROM {Table} WHERE only_row = 1");
        return Convert.ToString(await read.ExecuteScalarAsync(cancellation), CultureInfo.InvariantCulture)!;
    }
}
