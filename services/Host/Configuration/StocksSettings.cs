using Fettle.Databases;

namespace Fettle.Services.Host.Configuration;

/// <summary>Every setting of the stocks service, and the values of the three profiles.</summary>
internal static class StocksSettings
{
    public const string ProfileName = "profile";

    public static readonly IReadOnlyList<Setting> All =
    [
        new(ProfileName, "Which defaults hold: development, production or test", "development") { Kind = SettingKind.Word, Words = ["development", "production", "test"], Option = "--profile" },
        new("server:urls", "Addresses to listen on, joined by ';'; port 0 takes a free one", "http://127.0.0.1:5000") { Option = "--urls" },
        Number("server:drain-seconds", "Seconds that /readyz says 503 before the listeners close, 0–300", 0, 300, "0", production: "5"),
        new("server:switches", "A fettle.switches/1 file: what is on from the start") { Option = "--switches" },
        new("database:address", "sqlite:FILE or postgres:CONNECTION", "sqlite:stocks.db") { Option = "--database", Redact = Address },
        Number("database:max-connections", "Connections that the pool keeps, 1–1,000", 1, 1_000, "20", production: "50", test: "4"),
        new("database:ensure", "A fettle.advice/1 file to apply once the service answers"),
        new("database:maintenance", "When the database is maintained: cron's five fields or weekly"),
        Number("cache:entries", "Entries of each cache category in memory, 1–10,000,000", 1, 10_000_000, "50000", "--cache-entries", production: "200000", test: "1000"),
        Number("cache:seconds", "Seconds that cached values live at most, 1–604,800", 1, 604_800, "3600", production: "21600", test: "60"),
        new("cache:redis", "redis://[user:password@]host[:port][/database]: the second tier of the cache, shared by all instances") { Option = "--redis", Alias = "FETTLE_REDIS", Redact = UserInfo },
        new("cache:warm", "Warm the caches at the start; the service is ready when that is done", "false") { Kind = SettingKind.Switch, Option = "--warm" },
        new("cache:popularity", "File that keeps the keys asked for most across restarts") { Option = "--popularity" },
        new("stocks:models", "Folder of model versions; default the one built with the service") { Option = "--models" },
        new("stocks:runs", "Folder of the CSV files of batch runs") { Option = "--runs" },
        Number("limits:single-rate", "Predict requests per second and client, 1–1,000,000", 1, 1_000_000, "100", "--single-rate"),
        Number("limits:batch-rate", "Batch requests per second and client, 1–1,000,000", 1, 1_000_000, "10", "--batch-rate"),
        new("limits:loopback", "Rate limits hold for loopback clients too", "false") { Kind = SettingKind.Switch, Option = "--limit-loopback", Production = "true" },
        Number("limits:body-bytes", "Largest request body, 1,024–1,073,741,824", 1_024, 1L << 30, "4194304", production: "1048576"),
        Number("limits:request-seconds", "Longest time of a request, 1–3,600", 1, 3_600, "60", production: "30", test: "10"),
        Number("limits:headers-seconds", "Longest time for a request's headers, 1–120", 1, 120, "10"),
        new("admin:token", "Bearer token of the admin endpoints, at least 16 characters; without one it is made at the start") { Alias = "FETTLE_ADMIN_TOKEN", Least = 16, Redact = _ => "***" },
        Number("admin:rate", "Admin requests per second over all callers, 1–10,000", 1, 10_000, "100"),
        new("log:level", "Least severe line of the service's own that is logged; of the framework's, warnings", "information") { Kind = SettingKind.Word, Words = ["debug", "information", "warning", "error", "none"], Production = "warning", Test = "error" },
        new("endpoints:openapi", "Who may read the OpenAPI document", "open") { Kind = SettingKind.Word, Words = ["open", "admin"], Production = "admin" },
        new("endpoints:metrics", "Where /metrics answers: on every listener, on the admin listener only, or nowhere and nothing is counted", "open") { Kind = SettingKind.Word, Words = ["open", "admin", "off"], Production = "admin" },
    ];

    static Setting Number(string name, string description, long least, long most, string value, string? option = null, string? production = null, string? test = null) =>
        new(name, description, value) { Kind = SettingKind.Number, Least = least, Most = most, Option = option, Production = production, Test = test };

    static string Address(string value)
    {
        try
        {
            return DatabaseAddress.Parse(value).ToString();
        }
        catch (FormatException)
        {
            // What cannot be read may hold a password anywhere.
            return "***";
        }
    }

    static string UserInfo(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var url) && url.UserInfo.Length > 0
            ? value.Replace(url.UserInfo + "@", url.UserInfo.Contains(':', StringComparison.Ordinal) ? url.UserInfo.Split(':')[0] + ":***@" : "***@", StringComparison.Ordinal)
            : value;
}
