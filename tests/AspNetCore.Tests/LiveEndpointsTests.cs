using System.Text.Json;
using Fettle.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore.Tests;

public sealed class LiveEndpointsTests
{
    [Fact]
    public async Task Stream_BeginsWithTheHistoryAndGoesOn()
    {
        await using var service = await ServiceUnderTest.StartAsync(map: app => app.MapGet("/work", () => "done"));
        await service.Client.GetStringAsync("/work");
        var sampler = service.Services.GetRequiredService<LiveSampler>();
        sampler.Sample().Rps.ShouldBeGreaterThan(0);

        using var reader = await OpenAsync(service);
        var history = await NextAsync(reader);
        history.Event.ShouldBe("history");
        history.Data.GetProperty("samples").GetArrayLength().ShouldBeGreaterThanOrEqualTo(1);

        sampler.Mark("something changed");
        var made = sampler.Sample();
        (string Event, long Id, JsonElement Data) next;
        do
        {
            next = await NextAsync(reader);
        }
        while (next.Id < made.Id);

        next.Event.ShouldBe("sample");
        next.Data.GetProperty("id").GetInt64().ShouldBe(next.Id);
    }

    [Fact]
    public async Task ComingBack_GetsOnlyWhatWasMissed()
    {
        await using var service = await ServiceUnderTest.StartAsync();
        var sampler = service.Services.GetRequiredService<LiveSampler>();
        var seen = sampler.Sample();
        var missed = sampler.Sample();

        using var reader = await OpenAsync(service, seen.Id);
        var history = await NextAsync(reader);
        history.Data.GetProperty("samples").EnumerateArray().First().GetProperty("id").GetInt64().ShouldBe(missed.Id);
    }

    [Fact]
    public async Task FlippedSwitch_IsAMarkOfTheNextSample()
    {
        await using var service = await ServiceUnderTest.StartAsync();
        var turbo = service.Services.GetRequiredService<SwitchRegistry>().Add(new SwitchDefinition("turbo", "cache", "Goes faster"));
        var sampler = service.Services.GetRequiredService<LiveSampler>();
        sampler.Sample();
        turbo.Set(true);
        sampler.Sample();

        sampler.After(0).Samples.SelectMany(s => s.Marks ?? []).ShouldContain("turbo on");
    }

    [Fact]
    public async Task History_IsBounded()
    {
        await using var service = await ServiceUnderTest.StartAsync();
        var sampler = service.Services.GetRequiredService<LiveSampler>();
        for (var i = 0; i < LiveSampler.Kept + 10; i++)
        {
            sampler.Sample();
        }

        sampler.After(0).Samples.Count.ShouldBe(LiveSampler.Kept);
    }

    [Fact]
    public async Task Watching_IsNoResponseTime()
    {
        await using var service = await ServiceUnderTest.StartAsync();
        var window = service.Services.GetRequiredService<RequestWindow>();
        using (await OpenAsync(service))
        {
            window.InFlight.ShouldBe(1);
        }

        await Eventually.IsTrueAsync(() => window.InFlight == 0, "the stream ends");
        window.Total.ShouldBe(0);
        (await service.Admin.GetStringAsync("/fettle/routes")).ShouldNotContain("/fettle/live");
    }

    static async Task<StreamReader> OpenAsync(ServiceUnderTest service, long? last = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/fettle/live");
        if (last is not null)
        {
            request.Headers.Add("Last-Event-ID", last.ToString());
        }

        var answer = await service.Admin.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        return new StreamReader(await answer.Content.ReadAsStreamAsync());
    }

    static async Task<(string Event, long Id, JsonElement Data)> NextAsync(StreamReader reader)
    {
        string name = "", id = "", data = "";
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            (name, id, data) = line.Split(": ", 2) switch
            {
                ["event", var v] => (v, id, data),
                ["id", var v] => (name, v, data),
                ["data", var v] => (name, id, v),
                _ => (name, id, data),
            };
        }

        return (name, long.Parse(id, System.Globalization.CultureInfo.InvariantCulture), JsonDocument.Parse(data).RootElement);
    }
}
