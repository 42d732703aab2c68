namespace Fettle.AspNetCore;

/// <summary>What a service tells Fettle about itself.</summary>
public sealed class FettleOptions
{
    /// <summary>The name that <c>/fettle/info</c> shows. Default <c>service</c>; must not be empty.</summary>
    public string ServiceName
    {
        get;
        set => field = string.IsNullOrWhiteSpace(value) ? throw new ArgumentException("ServiceName must not be empty", nameof(value)) : value;
    } = "service";

    /// <summary>Bearer token of the admin endpoints, at least 16 characters. Default: the environment's <c>FETTLE_ADMIN_TOKEN</c>, else one is made and printed once.</summary>
    public string? AdminToken { get; set; } = Environment.GetEnvironmentVariable(AspNetCore.AdminToken.EnvironmentVariable);

    /// <summary>A <c>fettle.switches/1</c> file whose <c>on</c> switches are on from the start. Default: none.</summary>
    public string? SwitchesFile { get; set; }

    /// <summary>The folder of tuning runs and of what the dashboard applied. Default <c>.fettle</c> in the working folder; must not be empty.</summary>
    public string StateFolder
    {
        get;
        set => field = string.IsNullOrWhiteSpace(value) ? throw new ArgumentException("StateFolder must not be empty", nameof(value)) : value;
    } = ".fettle";

    /// <summary>
    /// Accepted advice (<c>fettle.advice/1</c>) to apply once the service answers. Default: the setting <c>database:ensure</c>, from
    /// <c>FETTLE__DATABASE__ENSURE</c> as well; none when neither is set. The service registers its <c>Database</c> as a singleton.
    /// </summary>
    public string? EnsureFile { get; set; } = Environment.GetEnvironmentVariable("FETTLE__DATABASE__ENSURE");

    /// <summary>
    /// When the service's database is maintained: cron's five fields, or <c>weekly</c> (Sundays at 3:00, local time). Default: the setting
    /// <c>database:maintenance</c>, from <c>FETTLE__DATABASE__MAINTENANCE</c> as well; never when neither is set.
    /// </summary>
    public string? MaintenanceSchedule { get; set; } = Environment.GetEnvironmentVariable("FETTLE__DATABASE__MAINTENANCE");

    /// <summary>Admin requests per second over all callers. Default 100, 1–10,000.</summary>
    public int AdminRequestsPerSecond
    {
        get;
        set => field = value is >= 1 and <= 10_000
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "AdminRequestsPerSecond must be between 1 and 10,000");
    } = 100;

    /// <summary>Largest request body in bytes; a longer one is 413. Default 4 MB, 1 KB–1 GB.</summary>
    public long MaxRequestBytes
    {
        get;
        set => field = value is >= 1024 and <= 1L << 30
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "MaxRequestBytes must be between 1,024 and 1,073,741,824");
    } = 4 << 20;

    /// <summary>Longest time of a request; then it is 504 and its work is cancelled. Admin endpoints and streams have none. Default 60 s, 1 s–1 h; null for none.</summary>
    public TimeSpan? RequestTimeout
    {
        get;
        set => field = value is null ? null : Throw.IfOutside(value.Value, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
    } = TimeSpan.FromSeconds(60);

    /// <summary>How long a client may take to send its headers. Default 10 s, 1–120 s.</summary>
    public TimeSpan HeadersTimeout
    {
        get;
        set => field = Throw.IfOutside(value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(120));
    } = TimeSpan.FromSeconds(10);

    /// <summary>How long a client may send or read slower than 240 bytes a second before the connection ends. Default 5 s, 2–120 s.</summary>
    public TimeSpan SlowClientGrace
    {
        get;
        set => field = Throw.IfOutside(value, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(120));
    } = TimeSpan.FromSeconds(5);

    /// <summary>How long <c>/readyz</c> says 503 before the service stops listening, so that load balancers take it out first. Default zero; at most 5 min.</summary>
    public TimeSpan DrainDelay
    {
        get;
        set => field = Throw.IfOutside(value, TimeSpan.Zero, TimeSpan.FromMinutes(5));
    }

    /// <summary>Whether instruments are listened to. Default true; false leaves <c>/metrics</c> and the live figures of caches and pools empty.</summary>
    public bool CollectMetrics { get; set; } = true;

    /// <summary>Whether <c>/metrics</c> answers on every listener. Default true; false keeps it to the admin listener, without a token.</summary>
    public bool OpenMetrics { get; set; } = true;

    /// <summary>Texts that must never stand in a log, besides the admin token. Default none.</summary>
    public IList<string> Secrets { get; } = [];
}
