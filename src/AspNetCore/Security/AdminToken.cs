using System.Security.Cryptography;
using System.Text;

namespace Fettle.AspNetCore;

/// <summary>The bearer token of the admin endpoints: from <c>FETTLE_ADMIN_TOKEN</c>, else made at start and printed once.</summary>
internal sealed class AdminToken
{
    public const string EnvironmentVariable = "FETTLE_ADMIN_TOKEN";
    public const int MinimumLength = 16;

    readonly byte[] _hash;

    public AdminToken(string? configured)
    {
        Generated = configured is null ? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24)) : null;
        var token = configured ?? Generated!;
        if (token.Length < MinimumLength)
        {
            throw new InvalidDataException($"{EnvironmentVariable} has {token.Length} characters; at least {MinimumLength} are needed");
        }

        _hash = SHA256.HashData(Encoding.UTF8.GetBytes(token));
    }

    /// <summary>The token that was made here, or null when one was configured.</summary>
    public string? Generated { get; }

    /// <summary>Compares digests in constant time, so that neither length nor prefix leaks.</summary>
    public bool Matches(string presented) =>
        CryptographicOperations.FixedTimeEquals(_hash, SHA256.HashData(Encoding.UTF8.GetBytes(presented)));
}
