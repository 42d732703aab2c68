using Xunit;

namespace Fettle.Testing;

/// <summary>A test that needs a real redis-server; skipped with the reason where it is not installed.</summary>
public sealed class RequiresRedisFactAttribute : FactAttribute
{
    public RequiresRedisFactAttribute()
    {
        if (RedisServer.Executable is null)
        {
            Skip = "redis-server is not installed";
        }
    }
}
