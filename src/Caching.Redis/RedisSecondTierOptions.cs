using Fettle.Redis;

namespace Fettle.Caching.Redis;

/// <summary>Where the second tier lives and how it behaves. Copied when the tier starts.</summary>
public sealed record RedisSecondTierOptions
{
    /// <summary>
    /// The server and the user. Timings, tracking, fencing and the client name are set by the tier; the rest is taken as given.
    /// Default <c>redis://127.0.0.1:6379/0</c>.
    /// </summary>
    public RedisOptions Redis { get; set => field = value ?? throw new ArgumentNullException(nameof(Redis)); } = new();

    /// <summary>
    /// What separates this cache from others on the same server: 1 to 64 of a-z, A-Z, 0-9, '.', '_', '-'. Default <c>cache</c>.
    /// Keys and the channel begin with <c>fettle:NAMESPACE:</c>.
    /// </summary>
    public string Namespace
    {
        get;
        set => field = value is { Length: > 0 and <= 64 } && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
            ? value
            : throw new ArgumentException($"Namespace is '{value}'; allowed are 1 to 64 of a-z, A-Z, 0-9, '.', '_', '-'. Choose the service's name.", nameof(Namespace));
    } = "cache";

    /// <summary>
    /// How long another node's change may go unheard when the connection dies silently. Default 1 s; 100 ms to 60 s. The tier sends a
    /// heartbeat every fifth of it and gives the connection up, with a notice to the cache, when nothing came for three fifths.
    /// </summary>
    public TimeSpan StalenessBound
    {
        get;
        set => field = value >= TimeSpan.FromMilliseconds(100) && value <= TimeSpan.FromSeconds(60)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(StalenessBound), value, $"StalenessBound is {value}; allowed is 100 ms to 60 s. 1 s suits a local network.");
    } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Removed tags and categories remembered on the server. Default 20,000; 100 to 1,000,000. When there are more, everything stored
    /// so far counts as removed and the memory is freed.
    /// </summary>
    public int MaxGenerations
    {
        get;
        set => field = value is >= 100 and <= 1_000_000
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxGenerations), value, $"MaxGenerations is {value}; allowed is 100 to 1,000,000. 20,000 take about 2 MB.");
    } = 20_000;
}
