using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Caches;

/// <summary>The admin endpoints of a running service; every failure becomes one line that says what to do.</summary>
internal sealed class CacheService : IDisposable
{
    readonly HttpClient _client;

    CacheService(Uri address, string? token)
    {
        _client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(10) };
        if (!string.IsNullOrEmpty(token))
        {
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    public static CacheService Open(string url, string? token) =>
        new(HttpAddress.Parse(url, "--url"), token ?? Environment.GetEnvironmentVariable("FETTLE_ADMIN_TOKEN"));

    public async Task<JsonObject> SendAsync(HttpMethod method, string path, CancellationToken cancellation)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path);
            using var response = await _client.SendAsync(request, cancellation);
            var text = await response.Content.ReadAsStringAsync(cancellation);
            if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            {
                throw new UserErrorException($"{_client.BaseAddress} refuses the token: set FETTLE_ADMIN_TOKEN or --token to the service's");
            }

            if (!response.IsSuccessStatusCode)
            {
                throw new UserErrorException($"{method} {path} answered {(int)response.StatusCode}: {Detail(text)}");
            }

            return text.Length == 0 ? [] : JsonNode.Parse(text) as JsonObject ?? throw new UserErrorException($"{path} did not answer an object");
        }
        catch (HttpRequestException e)
        {
            throw new UserErrorException($"no answer from {_client.BaseAddress}: {e.Message}; is the service running, and is --url its admin address?");
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{path} answered something that is not JSON: {e.Message}");
        }
    }

    static string Detail(string text)
    {
        try
        {
            return (string?)JsonNode.Parse(text)?["detail"] ?? text;
        }
        catch (JsonException)
        {
            return text.Length > 200 ? text[..200] : text;
        }
    }

    public void Dispose() => _client.Dispose();
}
