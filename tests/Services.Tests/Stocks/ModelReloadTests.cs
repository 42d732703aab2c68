using Fettle.Services.Stocks.Models;

namespace Fettle.Services.Tests.Stocks;

/// <summary>Reload and rollback of the model while the service answers.</summary>
public sealed class ModelReloadTests
{
    const string Body = """{"bse_code":"500007","prediction_date":"2025-09-30"}""";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CorruptVersion_NeverReplacesTheOneThatServes(bool compiled)
    {
        await using var host = await StocksHost.OverSampleAsync(10);
        await host.SwitchAsync("compiled-forest", compiled);
        var expected = await host.AnswerAsync("/api/v1/predict", Body);
        var (registry, folder) = AddSecond(host);
        var file = Path.Combine(folder, "2.0.0", "model");
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(file, bytes);
        File.WriteAllText(Path.Combine(folder, "active"), "2.0.0\n");

        var reload = await host.Admin.PostAsync("/api/v1/models/reload", null);
        ((int)reload.StatusCode).ShouldBe(409);
        (await reload.Content.ReadAsStringAsync()).ShouldContain("version 1.0.0 goes on serving");
        ((int)(await host.Admin.PostAsync("/api/v1/models/rollback?version=2.0.0", null)).StatusCode).ShouldBe(409);
        registry.Current!.Version.ShouldBe("1.0.0");
        (await host.AnswerAsync("/api/v1/predict", Body)).ShouldBe(expected);
    }

    [Fact]
    public async Task ReloadsWhileRequestsRun_EveryAnswerIsOfOneWholeVersion()
    {
        await using var host = await StocksHost.OverSampleAsync(10);
        await host.SwitchAsync("compiled-forest", true);
        var (_, folder) = AddSecond(host);
        var first = await host.AnswerAsync("/api/v1/predict", Body);
        var second = first.Replace("\"model_version\":\"1.0.0\"", "\"model_version\":\"2.0.0\"");
        second.ShouldNotBe(first);
        var asking = Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            for (var i = 0; i < 15; i++)
            {
                (await host.AnswerAsync("/api/v1/predict", Body)).ShouldBeOneOf(first, second);
            }
        }));
        for (var i = 0; i < 10; i++)
        {
            File.WriteAllText(Path.Combine(folder, "next"), i % 2 == 0 ? "2.0.0\n" : "1.0.0\n");
            File.Move(Path.Combine(folder, "next"), Path.Combine(folder, "active"), overwrite: true);
            (await host.Admin.PostAsync("/api/v1/models/reload", null)).EnsureSuccessStatusCode();
        }

        await asking;
    }

    static (Fettle.Forests.ModelRegistry Registry, string Folder) AddSecond(StocksHost host)
    {
        var registry = host.Service<ServingModels>().Registry;
        registry.Add("2.0.0", Path.Combine(AppContext.BaseDirectory, "stocks", "models", "upper-circuit", "1.0.0", "model"));
        return (registry, Path.Combine(host.Models, "upper-circuit"));
    }
}
