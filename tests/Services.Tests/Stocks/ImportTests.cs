using Fettle.Databases;
using Fettle.Services.Stocks.Importing;
using Fettle.Services.Stocks.Schema;

namespace Fettle.Services.Tests.Stocks;

public sealed class ImportTests : IDisposable
{
    const string Header = "timestamp,open,high,low,close,volume,oi\n";
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-import-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task SecondRun_ChangesNothing_NotEvenDataVersions()
    {
        Write("M&M.csv", Header + "2024-01-01 00:00:00+05:30,10,11,9,10.5,100,0\n2024-01-08 00:00:00+05:30,10,11,9,10,100,0\n");
        Write("BAJAJ-AUTO.csv", Header + "2024-01-03 00:00:00+05:30,10,11,9,10.5,100,0\n");
        await using var database = Open();

        var first = await ImportAsync(database);
        (first.NewStocks, first.Inserted, first.Rejected.Count).ShouldBe((2, 3, 0));
        var version = database.Versions.Get(StocksSchema.Prices);
        var second = await ImportAsync(database);
        (second.NewStocks, second.Inserted, second.Updated, second.Unchanged).ShouldBe((0, 0, 0, 3));
        database.Versions.Get(StocksSchema.Prices).ShouldBe(version);

        (await RowsAsync(database, "SELECT s.nse_symbol, p.date, p.prev_close FROM price_movements p JOIN stocks s ON s.bse_code = p.bse_code ORDER BY s.nse_symbol, p.date"))
            .ShouldBe(["BAJAJ-AUTO|2024-01-03|", "M&M|2024-01-01|", "M&M|2024-01-08|10.5"]);
        (await RowsAsync(database, "SELECT COUNT(*) FROM stocks WHERE bse_code LIKE '9_____' AND synthetic_code = 1")).ShouldBe(["2"]);
    }

    [Fact]
    public async Task EarlierBarsThatComeLater_CorrectThePreviousClose()
    {
        Write("ABC.csv", Header + "2024-01-03,10,11,9,10.5,100,0\n");
        await using var database = Open();
        await ImportAsync(database);
        Write("ABC.csv", Header + "2024-01-02,10,11,9,9.5,100,0\n2024-01-03,10,11,9,10.5,100,0\n");

        var report = await ImportAsync(database);

        (report.Inserted, report.Updated).ShouldBe((1, 1));
        (await RowsAsync(database, "SELECT prev_close FROM price_movements ORDER BY date")).ShouldBe(["", "9.5"]);
    }

    [Fact]
    public void MalformedRows_AreNamedWithFileAndLine_AndTheRestIsKept()
    {
        var text = Header + "2024-01-01,10,11,9,10,100,0\nx,10,11,9,10,100,0\n2024-01-02,10,11,9,ten,100,0\n2024-01-03,10,9,11,10,100,0\n2024-01-04,10,11\n"
            + "2024-01-01,10,11,9,10,100,0\n2024-01-05,-1,11,9,10,100,0\n\"2024-01-06\",10,11,9,10,100,\"a,\nb\"\n2024-01-07,10,11,9,10,NaN,0\n";

        var (bars, rejected) = PriceFile.Read(new StringReader(text), "A.csv");

        bars.Select(b => b.Day.Day).ShouldBe([1, 6]);
        rejected.Select(r => r.Line).ShouldBe([3, 4, 5, 6, 7, 8, 11]);
        rejected[0].ToString().ShouldBe("A.csv:3: timestamp 'x' is not a date");
    }

    [Fact]
    public void SyntheticCodes_AreStableAndNeverTaken()
    {
        var first = SymbolCodes.Choose("M&M", new HashSet<string>());
        first.ShouldBe(SymbolCodes.Choose("M&M", new HashSet<string>()));
        SymbolCodes.IsSynthetic(first).ShouldBeTrue();
        SymbolCodes.Choose("M&M", new HashSet<string> { first }).ShouldNotBe(first);
    }

    [Fact]
    public void AnyText_IsReadOrRejected_NeverThrown()
    {
        var random = new Random(7);
        const string Alphabet = "0123456789-:,.\"\n +TZeN\r";
        for (var i = 0; i < 500; i++)
        {
            var text = Header + new string([.. Enumerable.Range(0, random.Next(200)).Select(_ => Alphabet[random.Next(Alphabet.Length)])]);
            var (bars, _) = PriceFile.Read(new StringReader(text), "fuzz.csv");
            bars.Select(b => b.Day).ShouldBe(bars.Select(b => b.Day).Distinct().Order());
        }
    }

    void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    Database Open() => Database.Open(DatabaseAddress.Parse("sqlite:" + Path.Combine(_folder, "s.db")));

    Task<ImportReport> ImportAsync(Database database) => new PriceImporter(database).ImportAsync(_folder, new Dictionary<string, CompanyInfo>(), null, default);

    static async Task<List<string>> RowsAsync(Database database, string sql)
    {
        await using var connection = await database.OpenReadAsync();
        await using var command = connection.Command(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => Convert.ToString(reader.GetValue(i), System.Globalization.CultureInfo.InvariantCulture))));
        }

        return rows;
    }
}
