using Microsoft.Extensions.Logging;

namespace Fettle.AspNetCore;

/// <summary>Puts the redaction between the program and every logger, whenever it was added.</summary>
internal sealed class RedactingLoggerFactory(ILoggerFactory inner, SecretRedaction redaction) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new RedactingLogger(inner.CreateLogger(categoryName), redaction);

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose() => inner.Dispose();

    sealed class RedactingLogger(ILogger inner, SecretRedaction redaction) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!inner.IsEnabled(logLevel))
            {
                return;
            }

            var message = formatter(state, exception);
            var clean = redaction.Redact(message);
            var failure = exception?.ToString();
            var cleanFailure = failure is null ? null : redaction.Redact(failure);
            if (ReferenceEquals(message, clean) && ReferenceEquals(failure, cleanFailure))
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
                return;
            }

            // The values beside the text hold the secret too, so what has one goes on as text alone.
            inner.Log(logLevel, eventId, clean, cleanFailure is null ? null : new RedactedException(cleanFailure), static (text, _) => text);
        }
    }

    /// <summary>Shows what an exception showed, without its secrets.</summary>
    sealed class RedactedException(string text) : Exception(text.Split('\n')[0].TrimEnd())
    {
        public override string ToString() => text;
    }
}
