using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fettle.AspNetCore.Tests;

public sealed class RedactionTests
{
    [Theory]
    [InlineData("connecting with Password=hunter2;Database=d", "connecting with Password=***;Database=d")]
    [InlineData("{\"api_key\": \"abc123\"}", "{\"api_key\": \"***\"}")]
    [InlineData("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer ***")]
    [InlineData("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ***")]
    [InlineData("redis://user:sesame@host:6379/1", "redis://user:***@host:6379/1")]
    [InlineData("redis://:sesame@host", "redis://:***@host")]
    [InlineData("client-secret=a&x=1", "client-secret=***&x=1")]
    [InlineData("PWD='two words'", "PWD='*** words'")]
    [InlineData("the token is missing", "the token is missing")]
    [InlineData("see https://example.org/path", "see https://example.org/path")]
    [InlineData("http://127.0.0.1:5000/a@b", "http://127.0.0.1:5000/a@b")]
    public void Secrets_GoAndTheRestStays(string text, string expected) => new SecretRedaction([]).Redact(text).ShouldBe(expected);

    [Fact]
    public void KnownSecret_GoesWhereverItStands_LongestFirst()
    {
        var redaction = new SecretRedaction(["sesame-open", "sesame-open-wide", null, "abc"]);
        redaction.Redact("x sesame-open-wide y sesame-open abc").ShouldBe("x *** y *** abc");
    }

    [Fact]
    public async Task NothingLogged_HoldsASecret()
    {
        var lines = new Lines();
        await using var service = await ServiceUnderTest.StartAsync(
            o => o.Secrets.Add("the-redis-password"), b => b.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(lines));
        var logger = service.Services.GetRequiredService<ILogger<RedactionTests>>();
        logger.LogWarning("token given was {Token}", ServiceUnderTest.Token);
        logger.LogError(new InvalidOperationException("cannot reach redis with the-redis-password"), "failed");
        logger.LogInformation("plain {Number}", 42);
        await service.Admin.GetAsync("/fettle/info");
        using var wrong = new HttpRequestMessage(HttpMethod.Get, "/fettle/info");
        wrong.Headers.TryAddWithoutValidation("Authorization", "Bearer a-wrong-token-0123456789");
        await service.Client.SendAsync(wrong);

        var all = string.Join('\n', lines.All);
        all.ShouldContain("token given was ***");
        all.ShouldContain("cannot reach redis with ***");
        all.ShouldContain("Number=42");
        all.ShouldNotContain(ServiceUnderTest.Token);
        all.ShouldNotContain("the-redis-password");
        all.ShouldNotContain("a-wrong-token");
    }

    /// <summary>Keeps text, values and exceptions of every line.</summary>
    sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> All { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var values = state is IEnumerable<KeyValuePair<string, object?>> pairs ? string.Join(' ', pairs.Select(p => $"{p.Key}={p.Value}")) : state?.ToString();
            All.Enqueue($"{formatter(state, exception)} | {values} | {exception} {exception?.Message}");
        }

        public void Dispose()
        {
        }
    }
}
