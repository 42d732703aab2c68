using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Fettle.Databases;
using Fettle.Services.Host;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Sampling;
using Fettle.Services.Tests.Stocks;
using Fettle.Shared.Results;
using Fettle.Testing;

namespace Fettle.Services.Tests.Host;

/// <summary>The verbs <c>features extract</c>, <c>pack</c> and <c>bench</c> over real databases.</summary>
[Collection(nameof(HostCommandTests))]
public sealed class FeatureCommandTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-features-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string At(string name) => Path.Combine(_folder, name);

    static async Task<(int Code, string Output, string Errors)> FettleAsync(params string[] arguments)
    {
        using var captured = ConsoleCapture.Start();
        var code = await HostCommandLine.RunAsync(arguments);
        return (code, captured.Output, captured.Error);
    }

    [Fact]
    public async Task Extract_WritesTheSameRowsAsCsvAndBinary_FromRowsAndFromPackedSeries()
    {
        StocksHost.Write(At("s.db"), 50, 90);
        var database = "sqlite:" + At("s.db");
        var csv = await FettleAsync("features", "extract", "--database", database, "--date", "2025-09-10", "--out", At("a.csv"));
        csv.Code.ShouldBe(0, csv.Errors);
        csv.Output.ShouldContain(" left out for fewer than 35 bars");
        (await FettleAsync("features", "pack", "--database", database)).Output.ShouldBe("50 stocks packed\n");
        (await FettleAsync("features", "extract", "--database", database, "--date", "2025-09-10", "--out", At("b.csv"))).Code.ShouldBe(0);
        var binary = await FettleAsync("features", "extract", "--database", database, "--date", "2025-09-10", "--out", At("a.bin"));
        binary.Output.ShouldBe(csv.Output);

        var lines = await File.ReadAllLinesAsync(At("a.csv"));
        (await File.ReadAllLinesAsync(At("b.csv"))).ShouldBe(lines);
        lines.Length.ShouldBeGreaterThan(40);
        Binary(At("a.bin")).ShouldBe(lines[1..].Select(Fields));

        (await FettleAsync("features", "pack", "--database", database, "--drop")).Output.ShouldBe("packed rows removed\n");
    }

    [Fact]
    public async Task Extract_OfLabels_EndsEveryLineWithTheLabel()
    {
        StocksHost.Write(At("s.db"), 30, 120);
        var (code, output, errors) = await FettleAsync("features", "extract", "--database", "sqlite:" + At("s.db"), "--labels", "--out", At("l.csv"));
        code.ShouldBe(0, errors);
        var lines = await File.ReadAllLinesAsync(At("l.csv"));
        lines[0].ShouldEndWith(",days_to_earnings,label");
        lines[1..].ShouldAllBe(l => l.EndsWith(",0") || l.EndsWith(",1"));
        output.ShouldStartWith($"{lines.Length - 1:N0} rows, {lines.Count(l => l.EndsWith(",1"))} positive");
    }

    [Fact]
    public async Task Bench_PrintsTheTableAndWritesTheResult()
    {
        StocksHost.Write(At("s.db"), 40, 80);
        var (code, output, errors) = await FettleAsync(
            "features", "bench", "--database", "sqlite:" + At("s.db"), "--date", "2025-09-30", "--threads", "2", "--sample", "3", "--rounds", "1", "--json", At("r.json"));
        code.ShouldBe(0, errors);
        foreach (var word in new[] { "feature type", "before ms", "after ms", "speed-up", "loading (row tables)", "technical", "financial", "sentiment", "seasonality", "all 25", "loading and all 25", "Peak memory", "One stock from the panel: p50" })
        {
            output.ShouldContain(word);
        }

        var result = ResultDocument.Parse(await File.ReadAllTextAsync(At("r.json")));
        result.Kind.ShouldBe("features");
        result.Data["stocks"]!.GetValue<int>().ShouldBe(40);
        result.Data["oneStock"]!["p99Us"]!.GetValue<double>().ShouldBeGreaterThan(0);
        result.Tables.ShouldHaveSingleItem().Rows.Count.ShouldBe(7);
        result.Command.ShouldBe(["fettle", "features", "bench", "--database", "sqlite:" + At("s.db"), "--date", "2025-09-30", "--threads", "2", "--sample", "3", "--rounds", "1", "--json", At("r.json")]);
    }

    [Theory]
    [InlineData("either --labels or --date", "extract", "--out", "x.csv")]
    [InlineData("either --labels or --date", "extract", "--out", "x.csv", "--labels", "--date", "2025-09-30")]
    [InlineData("--rounds is 0; allowed are 1 to 100,000", "bench", "--date", "2025-09-30", "--rounds", "0")]
    [InlineData("write a date as yyyy-MM-dd", "bench", "--date", "yesterday")]
    public async Task WrongArguments_AreOneLineWithTheFix(string message, params string[] arguments)
    {
        StocksHost.Write(At("s.db"), 2, 40);
        var (code, output, errors) = await FettleAsync(["features", .. arguments, "--database", "sqlite:" + At("s.db")]);
        code.ShouldBe(2);
        output.ShouldBeEmpty();
        errors.ShouldContain(message);
    }

    [RequiresPostgresFact]
    public async Task Postgres_GivesTheRowsOfSqlite()
    {
        await using var server = await PostgresServer.StartAsync();
        var postgres = "postgres:" + server.ConnectionString();
        SampleWriter.Write(new SampleOptions { Stocks = 30, Days = 80 }, calendar => new PostgresUniverseWriter(server.ConnectionString(), calendar), null, default);
        StocksHost.Write(At("s.db"), 30, 80);
        foreach (var (database, file) in new[] { ("sqlite:" + At("s.db"), "s.csv"), (postgres, "p.csv") })
        {
            var extracted = await FettleAsync("features", "extract", "--database", database, "--date", "2025-09-30", "--out", At(file));
            extracted.Code.ShouldBe(0, extracted.Errors);
        }

        (await FettleAsync("features", "pack", "--database", postgres)).Output.ShouldBe("30 stocks packed\n");
        (await FettleAsync("features", "extract", "--database", postgres, "--date", "2025-09-30", "--out", At("packed.csv"))).Code.ShouldBe(0);
        var rows = await File.ReadAllTextAsync(At("s.csv"));
        (await File.ReadAllTextAsync(At("p.csv"))).ShouldBe(rows);
        (await File.ReadAllTextAsync(At("packed.csv"))).ShouldBe(rows);
        await using var open = Database.Open(DatabaseAddress.Parse(postgres));
        (await StaticFeatures.EnsureAsync(open, new DateOnly(2025, 9, 30), default)).ShouldBe(0);
        (await StaticFeatures.EnsureAsync(open, new DateOnly(2025, 10, 1), default)).ShouldBe(30);
    }

    static string Fields(string line)
    {
        var fields = line.Split(',');
        return string.Join(',', fields[0], fields[1], string.Join(',', fields[2..].Select(f => f.Length == 0 ? "NaN" : f)));
    }

    static List<string> Binary(string path)
    {
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
        bytes[..4].SequenceEqual("FFT1"u8).ShouldBeTrue();
        var date = DateOnly.FromDayNumber(BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]));
        var (rows, columns) = (BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]));
        bytes = bytes[16..];
        var lines = new List<string>();
        for (var row = 0; row < rows; row++)
        {
            var line = new StringBuilder(Encoding.UTF8.GetString(bytes.Slice(1, bytes[0]))).Append(',').Append(date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            bytes = bytes[(1 + bytes[0])..];
            for (var c = 0; c < columns; c++)
            {
                line.Append(',').Append(CultureInfo.InvariantCulture, $"{BinaryPrimitives.ReadDoubleLittleEndian(bytes):R}");
                bytes = bytes[sizeof(double)..];
            }

            lines.Add(line.ToString());
        }

        bytes.Length.ShouldBe(0);
        return lines;
    }
}
