using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore.Tests;

public sealed class SwitchEndpointsTests(SharedService shared) : IClassFixture<SharedService>
{
    static readonly SwitchDefinition FeatureCache = new("feature-cache", "cache", "Keeps features in memory", SwitchRisk.Medium, NeedsWarmup: true);

    [Fact]
    public async Task Put_TurnsTheSwitchOnAndTellsTheService()
    {
        await using var service = await ServiceUnderTest.StartAsync();
        var seen = new List<bool>();
        var added = service.Services.GetRequiredService<SwitchRegistry>().Add(FeatureCache, seen.Add);

        var answer = await service.Admin.PutAsJsonAsync("/fettle/switches/feature-cache", new { on = true });

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        added.On.ShouldBeTrue();
        seen.ShouldBe([true]);
        (await answer.Content.ReadFromJsonAsync<JsonObject>())!["on"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public async Task Put_OfTheStateItHas_RunsNoCallback()
    {
        await using var service = await ServiceUnderTest.StartAsync();
        var calls = 0;
        service.Services.GetRequiredService<SwitchRegistry>().Add(FeatureCache, _ => calls++);

        await service.Admin.PutAsJsonAsync("/fettle/switches/feature-cache", new { on = true });
        await service.Admin.PutAsJsonAsync("/fettle/switches/feature-cache", new { on = true });

        calls.ShouldBe(1);
    }

    [Fact]
    public async Task Callback_ThatThrows_LeavesTheSwitchAsItWas()
    {
        await using var service = await ServiceUnderTest.StartAsync();
        var added = service.Services.GetRequiredService<SwitchRegistry>().Add(FeatureCache, _ => throw new InvalidOperationException("no memory"));

        var answer = await service.Admin.PutAsJsonAsync("/fettle/switches/feature-cache", new { on = true });

        answer.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        added.On.ShouldBeFalse();
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"on\": 1}")]
    [InlineData("{\"on\": true, \"off\": false}")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("")]
    public async Task Put_WithAnotherBody_IsOneClearError(string body)
    {
        var answer = await shared.Service.Admin.PutAsync("/fettle/switches/response-compression", new StringContent(body, Encoding.UTF8, "application/json"));

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await answer.Content.ReadAsStringAsync()).ShouldContain("urn:fettle:problem:invalid-body");
    }

    [Fact]
    public async Task UnknownSwitch_NamesTheKnownOnes()
    {
        var answer = await shared.Service.Admin.PutAsJsonAsync("/fettle/switches/response-comprehension", new { on = true });

        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("response-compression");
    }

    [Fact]
    public async Task SwitchesFile_TurnsSwitchesOnAtStart()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, """{"schema":"fettle.switches/1","switches":[{"name":"feature-cache","on":true},{"name":"other","on":false}]}""");
            await using var service = await ServiceUnderTest.StartAsync(o => o.SwitchesFile = file);
            var registry = service.Services.GetRequiredService<SwitchRegistry>();

            registry.Add(FeatureCache).On.ShouldBeTrue();
            registry.Add(FeatureCache with { Name = "other", OnByDefault = true }).On.ShouldBeFalse();
            registry.Add(FeatureCache with { Name = "unnamed", OnByDefault = true }).On.ShouldBeTrue();
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{\"schema\":\"fettle.switches/2\",\"switches\":[]}")]
    [InlineData("{\"schema\":\"fettle.switches/1\"}")]
    [InlineData("{\"schema\":\"fettle.switches/1\",\"switches\":[{\"name\":\"a\",\"on\":3}]}")]
    public void SwitchesFile_OfAnotherShape_IsRefusedWithItsPath(string text)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            Should.Throw<InvalidDataException>(() => SwitchesFile.Read(file)).Message.ShouldContain(file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("Feature")]
    [InlineData("feature_cache")]
    [InlineData("-feature")]
    [InlineData("")]
    public void MalformedName_IsRefused(string name)
    {
        var registry = new SwitchRegistry(TimeProvider.System, new Dictionary<string, bool>());
        Should.Throw<ArgumentException>(() => registry.Add(FeatureCache with { Name = name }));
    }

    [Fact]
    public void SameNameTwice_IsRefused()
    {
        var registry = new SwitchRegistry(TimeProvider.System, new Dictionary<string, bool>());
        registry.Add(FeatureCache);
        Should.Throw<ArgumentException>(() => registry.Add(FeatureCache));
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(0.11)]
    [InlineData(double.NaN)]
    public void ToleranceOutOfItsRange_IsRefused(double tolerance) =>
        Should.Throw<ArgumentOutOfRangeException>(() => FeatureCache with { Tolerance = tolerance }).Message.ShouldContain("between 0 and 0.1");

    [Fact]
    public async Task List_IsTheGoldenContract()
    {
        await using var service = await ServiceUnderTest.StartAsync();
        var registry = service.Services.GetRequiredService<SwitchRegistry>();
        registry.Add(FeatureCache);
        registry.Add(new SwitchDefinition("feature-guess", "features", "Guesses features", SwitchRisk.High) { Saves = ["db", "features"], Tolerance = 0.001 });

        var list = JsonNode.Parse(await service.Admin.GetStringAsync("/fettle/switches"))!;
        list["switches"]!.AsArray().RemoveAll(s => !s!["name"]!.GetValue<string>().StartsWith("feature-", StringComparison.Ordinal));
        foreach (var one in list["switches"]!.AsArray())
        {
            one!["changedAt"] = "2026-01-02T03:04:05+00:00";
        }

        Golden.Matches("switches.json", list);
    }
}
