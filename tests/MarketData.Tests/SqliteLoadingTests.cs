using Fettle.Databases;

namespace Fettle.MarketData.Tests;

public sealed class SqliteLoadingTests : LoadingTests, IAsyncLifetime
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fettle-marketdata");
    Database _database = null!;

    public Task InitializeAsync()
    {
        _database = Database.Open(DatabaseAddress.Parse("sqlite:" + Path.Combine(_folder.FullName, "prices.db")));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public Task Panel_OfShuffledRows_EqualsTheRows() => PanelEqualsTheRowsAsync(_database);

    [Fact]
    public Task Packed_AfterWrites_StaysInStep() => PackedStaysInStepAsync(_database);

    [Fact]
    public Task Packed_AfterARollback_IsAsBefore() => RolledBackWriteLeavesBothTablesAsync(_database);

    [Fact]
    public async Task Panel_WithABadDate_NamesStockAndDate()
    {
        await CreateAsync(_database, TestBars.Market(1, 5));
        await using (var connection = await _database.OpenWriteAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await ExecuteAsync(connection, transaction, "UPDATE price_movements SET date = '2024-02-30' WHERE id = 3");
            await transaction.CommitAsync();
        }

        (await Should.ThrowAsync<InvalidDataException>(() => new PanelLoader(_database).LoadAsync())).Message
            .ShouldBe("a bar of stock '500000' has the date '2024-02-30'; expected yyyy-MM-dd");
    }

    [Fact]
    public async Task Panel_WithoutTheTable_NamesIt()
    {
        await CreateAsync(_database, []);
        (await Should.ThrowAsync<System.Data.Common.DbException>(() => new PanelLoader(_database, new PriceTable { Name = "bars" }).LoadAsync())).Message.ShouldContain("bars");
    }

    [Fact]
    public void Table_WithAnOddName_IsRefused() =>
        Should.Throw<ArgumentException>(() => new PriceTable { Name = "a; DROP TABLE b" }).Message.ShouldContain("letters, digits and underscores");
}
