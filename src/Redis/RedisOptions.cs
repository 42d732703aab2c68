using System.Net.Security;

namespace Fettle.Redis;

/// <summary>Where the server is and how to speak to it. A connection copies the options when it starts.</summary>
public sealed record RedisOptions
{
    /// <summary>Host name or address. Default <c>127.0.0.1</c>.</summary>
    public string Host
    {
        get;
        set => field = string.IsNullOrWhiteSpace(value) ? Refuse(nameof(Host), value, "a host name or address") : value.Trim();
    } = "127.0.0.1";

    /// <summary>TCP port, 1 to 65535. Default 6379.</summary>
    public int Port { get; set => field = Throw.InRange(nameof(Port), value, 1, 65535, "Redis listens on 6379 by default."); } = 6379;

    /// <summary>ACL user; null means the user <c>default</c>.</summary>
    public string? User { get; set; }

    /// <summary>Password; null means no AUTH.</summary>
    public string? Password { get; set; }

    /// <summary>Database number, 0 to 1023. Default 0. Client tracking ignores it: invalidations name keys of every database.</summary>
    public int Database { get; set => field = Throw.InRange(nameof(Database), value, 0, 1023, "Use 0 unless the server has more databases."); }

    /// <summary>Name shown by CLIENT LIST, without spaces. Default <c>fettle</c>.</summary>
    public string ClientName
    {
        get;
        set => field = string.IsNullOrEmpty(value) || value.AsSpan().ContainsAnyExceptInRange('!', '~') ? Refuse(nameof(ClientName), value, "printable ASCII without spaces") : value;
    } = "fettle";

    /// <summary>TLS settings; null (default) means plain TCP.</summary>
    public SslClientAuthenticationOptions? Tls { get; set; }

    /// <summary>Highest protocol to ask for: 3 (default) falls back to 2 when the server does not know HELLO.</summary>
    public int Protocol { get; set => field = Throw.InRange(nameof(Protocol), value, 2, 3, "Use 3; 2 has neither client tracking nor push messages beside commands."); } = 3;

    /// <summary>Client-side caching; null (default) means off.</summary>
    public RedisTracking? Tracking { get; set; }

    /// <summary>Timeouts and intervals.</summary>
    public RedisTimings Timings { get; set => field = value ?? throw new ArgumentNullException(nameof(Timings)); } = new();

    /// <summary>Bounds on memory and queue lengths.</summary>
    public RedisLimits Limits { get; set => field = value ?? throw new ArgumentNullException(nameof(Limits)); } = new();

    /// <summary>
    /// Fencing: a new connection first closes the one before it on the server (CLIENT KILL), so that a command that failed with its
    /// connection can take no effect after a later command of this object succeeded. Default false; the user needs CLIENT LIST and
    /// CLIENT KILL, and the client name must be this object's alone.
    /// </summary>
    public bool Fence { get; set; }

    /// <summary>Reads <c>redis://[user[:password]@]host[:port][/database]</c>; <c>rediss://</c> means TLS; <c>host:port</c> alone is accepted.</summary>
    /// <exception cref="ArgumentException">The address has another form.</exception>
    public static RedisOptions Parse(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var text = address.Contains("://", StringComparison.Ordinal) ? address : "redis://" + address;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("redis" or "rediss") || uri.Host.Length == 0)
        {
            Throw.Invalid(nameof(address), address, "redis://[user[:password]@]host[:port][/database]", "Write for example redis://127.0.0.1:6379/0.");
        }

        var options = new RedisOptions { Host = uri.Host.Trim('[', ']'), Port = uri.Port > 0 ? uri.Port : 6379 };
        if (uri.Scheme == "rediss")
        {
            options.Tls = new SslClientAuthenticationOptions { TargetHost = options.Host };
        }

        var database = uri.AbsolutePath.Trim('/');
        if (database.Length > 0)
        {
            if (!int.TryParse(database, out var number))
            {
                Throw.Invalid("database", database, "a number", "End the address with /0, /1, and so on.");
            }

            options.Database = number;
        }

        var at = uri.UserInfo.IndexOf(':');
        var user = Uri.UnescapeDataString(at < 0 ? uri.UserInfo : uri.UserInfo[..at]);
        options.User = user.Length == 0 ? null : user;
        options.Password = at < 0 ? null : Uri.UnescapeDataString(uri.UserInfo[(at + 1)..]);
        return options;
    }

    /// <summary>Host, port and database; never the password.</summary>
    public override string ToString() => $"{(Tls is null ? "redis" : "rediss")}://{(User is null ? "" : User + "@")}{Host}:{Port}/{Database}";

    static string Refuse(string name, string? value, string allowed)
    {
        Throw.Invalid(name, value, allowed, $"Set RedisOptions.{name}.");
        return "";
    }
}
