using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Fettle.Caching;
using Fettle.Databases.Recording;

namespace Fettle.Databases;

/// <summary>
/// Caches results by normalised SQL, all parameters and the data version of every table the statement reads. A committed write made
/// through the service raises a version, so the next look-up misses; entries of older versions age out after five minutes.
/// </summary>
/// <typeparam name="T">What a result is read into; treat it as immutable.</typeparam>
public sealed class QueryCache<T>
{
    readonly Database _database;
    readonly CacheCategory<T> _category;

    /// <summary>Makes the category in the cache.</summary>
    /// <param name="database">Whose statements are cached.</param>
    /// <param name="cache">Where results are kept, in one tier or two.</param>
    /// <param name="options">The category; null takes <c>queries</c> with 5 min and 10,000 results.</param>
    /// <param name="serializer">For the second tier; null takes the cache's default.</param>
    public QueryCache(Database database, FettleCache cache, CategoryOptions? options = null, ICacheSerializer<T>? serializer = null)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(cache);
        if (!database.Versions.Enabled)
        {
            throw new ArgumentException("the query cache needs data versions; open the database with DatabaseOptions.DataVersions = true", nameof(database));
        }

        _database = database;
        _category = cache.Category(options ?? new CategoryOptions("queries") { TimeToLive = TimeSpan.FromMinutes(5), MaxEntries = 10_000 }, serializer);
    }

    /// <summary>Staleness accepted towards writes of other processes; their versions are read again after it. Default 1 s; 0–1 h.</summary>
    public TimeSpan OtherWriters { get; set => field = Throw.IfOutside(value, TimeSpan.Zero, TimeSpan.FromHours(1)); } = TimeSpan.FromSeconds(1);

    /// <summary>The category behind, for its statistics and for clearing.</summary>
    public CacheCategory<T> Category => _category;

    /// <summary>The cached result, or the one that <paramref name="load"/> reads; concurrent callers share one load.</summary>
    /// <param name="sql">A reading statement.</param>
    /// <param name="parameters">All its parameters by name.</param>
    /// <param name="load">Runs it; given an open connection with nothing on it.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="ArgumentException">The statement writes, or calls the clock or chance.</exception>
    public async ValueTask<T> GetAsync(string sql, IReadOnlyList<KeyValuePair<string, object?>> parameters, Func<System.Data.Common.DbConnection, CancellationToken, ValueTask<T>> load, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var entry = _database.Recorder.Find(sql);
        if (entry.Statement.Kind != Sql.SqlStatementKind.Read || entry.Volatile)
        {
            throw new ArgumentException($"only a statement that reads, and that names neither clock nor chance, can be cached: {Throw.Shorten(entry.Sql)}", nameof(sql));
        }

        await _database.Versions.RefreshAsync(OtherWriters, cancellation).ConfigureAwait(false);
        return await _category.GetOrCreateAsync(
            Key(sql, parameters, entry),
            async token =>
            {
                await using var connection = await _database.OpenReadAsync(token).ConfigureAwait(false);
                return await load(connection, token).ConfigureAwait(false);
            },
            cancellationToken: cancellation).ConfigureAwait(false);
    }

    /// <summary>The text itself is in the key beside its shape, since literals are part of the question.</summary>
    string Key(string sql, IReadOnlyList<KeyValuePair<string, object?>> parameters, StatementEntry entry)
    {
        var text = new StringBuilder(sql);
        foreach (var (name, value) in parameters.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            text.Append('\u0001').Append(name).Append('\u0002').Append(value?.GetType().Name).Append('\u0002');
            text.Append(value switch
            {
                byte[] bytes => Convert.ToHexString(bytes),
                double d => d.ToString("R", CultureInfo.InvariantCulture),
                DateTime t => t.ToString("O", CultureInfo.InvariantCulture),
                System.Collections.IEnumerable list and not string => string.Join('\u0003', list.Cast<object?>().Select(i => Convert.ToString(i, CultureInfo.InvariantCulture))),
                _ => Convert.ToString(value, CultureInfo.InvariantCulture),
            });
        }

        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 16));
        return $"{digest}|{_database.Versions.Stamp(entry.Statement.Tables)}";
    }
}
