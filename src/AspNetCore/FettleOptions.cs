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
}
