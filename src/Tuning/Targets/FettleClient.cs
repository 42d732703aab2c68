using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fettle.Databases;
using Fettle.Tuning.Answers;

namespace Fettle.Tuning.Targets;

/// <summary>A switch as <c>GET /fettle/switches</c> describes it.</summary>
internal sealed record ServiceSwitch
{
    public required string Name { get; init; }

    public string Layer { get; init; } = "";

    public string Description { get; init; } = "";

    public bool On { get; init; }

    public string Risk { get; init; } = "low";

    public bool NeedsWarmup { get; init; }

    /// <summary>Phases of an answer's time that it shortens, <c>total</c>, or <c>bytes</c>.</summary>
    public IReadOnlyList<string> Saves { get; init => field = value ?? []; } = [];

    /// <summary>Largest relative difference of a number in an answer while it is on.</summary>
    public double Tolerance { get; init; }
}

/// <summary>The part of <c>GET /fettle/info</c> that the tuner needs.</summary>
internal sealed record ServiceInfo
{
    public string Service { get; init; } = "";

    public string Version { get; init; } = "";

    public int? Pid { get; init; }
}

internal sealed record SwitchDocument
{
    public required string Schema { get; init; }

    public required IReadOnlyList<ServiceSwitch> Switches { get; init; }
}

/// <summary>Talks to the <c>/fettle/*</c> endpoints of one instance with its admin token.</summary>
internal sealed class FettleClient : IDisposable
{
    readonly HttpClient _http;

    public FettleClient(Uri url, string? token)
    {
        _http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromSeconds(60) };
        if (token is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    /// <summary>A stranger's service may answer anything at <c>/fettle</c>: a page, a refusal. That counts as not there.</summary>
    public bool Foreign { get; set; }

    /// <summary>The registered switches; empty for a service without Fettle.AspNetCore (404).</summary>
    public async Task<IReadOnlyList<ServiceSwitch>> SwitchesAsync(CancellationToken cancellation)
    {
        var json = await GetAsync("/fettle/switches", cancellation);
        if (json is null)
        {
            return [];
        }

        var document = Read(json, ClientJson.Default.SwitchDocument, "/fettle/switches");
        if (document.Schema != "fettle.switches/1")
        {
            throw new TuningException($"/fettle/switches answers schema '{document.Schema}'; this version reads 'fettle.switches/1'");
        }

        return document.Switches.FirstOrDefault(s => s.Tolerance is not (>= 0 and <= AnswerComparer.MostTolerance)) is { } wrong
            ? throw new TuningException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the switch {wrong.Name} declares a tolerance of {wrong.Tolerance}; allowed: 0 to {AnswerComparer.MostTolerance}"))
            : document.Switches;
    }

    public async Task SetSwitchAsync(string name, bool on, CancellationToken cancellation)
    {
        using var body = new StringContent(on ? """{"on":true}""" : """{"on":false}""", Encoding.UTF8, "application/json");
        using var response = await _http.PutAsync(new Uri($"/fettle/switches/{Uri.EscapeDataString(name)}", UriKind.Relative), body, cancellation);
        await ThrowUnlessOkAsync(response, $"switching {name} {(on ? "on" : "off")}", cancellation);
    }

    /// <summary>The recorded workload; null for a service without Fettle.AspNetCore.</summary>
    public async Task<IReadOnlyList<RecordedQuery>?> QueriesAsync(CancellationToken cancellation)
    {
        var json = await GetAsync("/fettle/queries", cancellation);
        try
        {
            return json is null ? null : RecordedQueryDocument.Parse(json).Queries;
        }
        catch (FormatException e)
        {
            throw new TuningException($"/fettle/queries: {e.Message}", e);
        }
    }

    public async Task ClearQueriesAsync(CancellationToken cancellation)
    {
        using var response = await _http.DeleteAsync(new Uri("/fettle/queries", UriKind.Relative), cancellation);
        if (response.StatusCode != HttpStatusCode.NotFound && !Foreign)
        {
            await ThrowUnlessOkAsync(response, "clearing the recorded queries", cancellation);
        }
    }

    /// <summary>What the service has counted since its start; all absent for a service without Fettle.</summary>
    public async Task<ServiceCounters> CountersAsync(CancellationToken cancellation)
    {
        var queries = await QueriesAsync(cancellation);
        var caches = ServiceCounters.Cache(await GetAsync("/fettle/cache", cancellation) ?? "{}");
        var uses = ServiceCounters.PoolUse(await GetAsync("/metrics", cancellation) ?? "");
        return new ServiceCounters(queries?.Sum(q => (double)q.Calls), queries?.Sum(q => q.TotalMs), caches, uses);
    }

    public async Task<ServiceInfo?> InfoAsync(CancellationToken cancellation) =>
        await GetAsync("/fettle/info", cancellation) is { } json ? Read(json, ClientJson.Default.ServiceInfo, "/fettle/info") : null;

    /// <summary>The status of a GET.</summary>
    public async Task<int> StatusAsync(string path, CancellationToken cancellation)
    {
        using var response = await _http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellation);
        return (int)response.StatusCode;
    }

    /// <summary>Whether anything answers at all.</summary>
    /// <exception cref="TuningException">Nothing does.</exception>
    public async Task PingAsync(CancellationToken cancellation)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri("/", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException e)
        {
            throw new TuningException($"{_http.BaseAddress} does not answer ({e.Message}); start the service, or describe under start how Fettle starts it", e);
        }
    }

    public void Dispose() => _http.Dispose();

    async Task<string?> GetAsync(string path, CancellationToken cancellation)
    {
        using var response = await _http.GetAsync(new Uri(path, UriKind.Relative), cancellation);
        if (response.StatusCode == HttpStatusCode.NotFound || (Foreign && !(response.IsSuccessStatusCode && response.Content.Headers.ContentType?.MediaType == "application/json")))
        {
            return null;
        }

        await ThrowUnlessOkAsync(response, $"GET {path}", cancellation);
        return await response.Content.ReadAsStringAsync(cancellation);
    }

    static async Task ThrowUnlessOkAsync(HttpResponseMessage response, string what, CancellationToken cancellation)
    {
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            throw new TuningException($"{what}: the service refuses the admin token; set FETTLE_ADMIN_TOKEN to the service's token");
        }

        if (!response.IsSuccessStatusCode)
        {
            var body = await response.Content.ReadAsStringAsync(cancellation);
            throw new TuningException($"{what}: status {(int)response.StatusCode} {body[..Math.Min(200, body.Length)]}");
        }
    }

    static T Read<T>(string json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, string path)
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new TuningException($"{path} answers null");
        }
        catch (JsonException e)
        {
            throw new TuningException($"{path} answers what this version does not read: {e.Message}", e);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SwitchDocument))]
[JsonSerializable(typeof(ServiceInfo))]
internal sealed partial class ClientJson : JsonSerializerContext;
