using System.Diagnostics.CodeAnalysis;

namespace Fettle.Redis;

internal static class Throw
{
    [DoesNotReturn]
    public static void OutOfRange<T>(string name, T value, string allowed, string fix) =>
        throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; allowed is {allowed}. {fix}");

    [DoesNotReturn]
    public static void Invalid(string name, string? value, string allowed, string fix) =>
        throw new ArgumentException($"{name} is '{value}'; allowed is {allowed}. {fix}", name);

    public static T InRange<T>(string name, T value, T low, T high, string fix)
        where T : IComparable<T>
    {
        if (value.CompareTo(low) < 0 || value.CompareTo(high) > 0)
        {
            OutOfRange(name, value, $"{low} to {high}", fix);
        }

        return value;
    }

    [DoesNotReturn]
    public static void Protocol(string message) => throw new RedisProtocolException(message);

    public static RedisReplyException Mismatch(string wanted, RedisReply reply) =>
        new($"the reply is {reply}, not {wanted}");

    public static RedisConnectionException Offline(string endpoint, Exception? cause) =>
        new($"not connected to {endpoint}{(cause is null ? "" : $": {cause.Message}")}", maybeExecuted: false, cause);

    public static RedisConnectionException Lost(string endpoint, Exception? cause) =>
        new($"the connection to {endpoint} was lost before the reply{(cause is null ? "" : $": {cause.Message}")}", maybeExecuted: true, cause);

    public static RedisTimeoutException Timeout(string endpoint, TimeSpan limit) =>
        new($"no reply from {endpoint} within {limit.TotalMilliseconds:0} ms");
}
