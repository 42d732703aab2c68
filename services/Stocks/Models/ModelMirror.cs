using Fettle.Databases;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Stocks.Models;

/// <summary>Copies the registry into the <c>models</c> table, for those who read the database; nobody reads it back.</summary>
internal sealed class ModelMirror(Database database, ServingModels models)
{
    public async Task WriteAsync(CancellationToken cancellation)
    {
        var versions = models.Registry.Versions();
        var active = models.Registry.Current?.Version;
        await using var connection = await database.OpenWriteAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using (var delete = connection.Command($"DELETE FROM {StocksSchema.Models} WHERE name = @name", ("name", models.Registry.Name)))
        {
            delete.Transaction = transaction;
            await delete.ExecuteNonQueryAsync(cancellation);
        }

        foreach (var version in versions)
        {
            await using var insert = connection.Command(
                $"INSERT INTO {StocksSchema.Models} (name, version, model_type, active, sha256, created_on) VALUES (@name, @version, @type, @active, @sha256, @created)",
                ("name", version.Name), ("version", version.Version), ("type", version.Type), ("active", version.Version == active ? 1 : 0),
                ("sha256", version.Sha256), ("created", version.CreatedAt.ToString("O")));
            insert.Transaction = transaction;
            await insert.ExecuteNonQueryAsync(cancellation);
        }

        await transaction.CommitAsync(cancellation);
    }
}
