using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Fettle.LoadTesting.Capacity;

/// <summary>Writes a plan as configuration: Kubernetes, KEDA, AWS, GCP, nginx. Every value comes from the plan.</summary>
public static class ScalingFiles
{
    /// <summary>All files by name.</summary>
    public static IReadOnlyDictionary<string, string> Write(CapacityPlan plan, CapacityRequest request) => new Dictionary<string, string>
    {
        ["kubernetes/deployment.yaml"] = Deployment(plan, request),
        ["kubernetes/hpa.yaml"] = Autoscaler(plan, request),
        ["kubernetes/pdb.yaml"] = DisruptionBudget(plan, request),
        ["kubernetes/keda.yaml"] = Keda(plan, request),
        ["aws/target-tracking-cpu.json"] = Json(AwsCpu(plan, request)),
        ["aws/target-tracking-requests.json"] = Json(AwsRequests(plan)),
        ["aws/scale-in-step.json"] = Json(AwsStep(plan)),
        ["aws/scale-in-alarm.json"] = Json(AwsAlarm(plan, request)),
        ["gcp/autoscaler.json"] = Json(Gcp(plan, request)),
        ["nginx/upstream.conf"] = Nginx(request),
    };

    static string Deployment(CapacityPlan plan, CapacityRequest r) => $$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: {{r.Service}}
        spec:
          replicas: {{plan.MinInstances}}
          selector:
            matchLabels: { app: {{r.Service}} }
          strategy:
            type: RollingUpdate
            rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
          template:
            metadata:
              labels: { app: {{r.Service}} }
            spec:
              terminationGracePeriodSeconds: 40
              containers:
                - name: {{r.Service}}
                  image: {{Quote(r.Image)}}
                  ports: [{ containerPort: {{r.Port}} }]
                  env:
                    - { name: FETTLE__DATABASE__MAXCONNECTIONS, value: "{{plan.Connections}}" }
                  resources:
                    requests: { cpu: "1", memory: 512Mi }
                    limits: { memory: 1Gi }
                  readinessProbe:
                    httpGet: { path: /readyz, port: {{r.Port}} }
                    periodSeconds: 5
                  livenessProbe:
                    httpGet: { path: /livez, port: {{r.Port}} }
                    periodSeconds: 10
        """.ReplaceLineEndings("\n") + "\n";

    static string Autoscaler(CapacityPlan plan, CapacityRequest r) => $$"""
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata:
          name: {{r.Service}}
        spec:
          scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{r.Service}} }
          minReplicas: {{plan.MinInstances}}
          maxReplicas: {{plan.MaxInstances}}
          metrics:
            - type: Resource
              resource:
                name: cpu
                target: { type: Utilization, averageUtilization: {{Number(r.TargetCpu * 100)}} }
            - type: Pods
              pods:
                metric: { name: http_requests_per_second }
                target: { type: AverageValue, averageValue: "{{Number(Math.Floor(plan.RatePerInstance))}}" }
            - type: Pods
              pods:
                metric: { name: http_request_duration_p95_milliseconds }
                target: { type: AverageValue, averageValue: "{{Number(plan.P95Target)}}" }
          behavior:
            scaleUp:
              stabilizationWindowSeconds: {{plan.ScaleUpWindow}}
              policies: [{ type: Percent, value: 100, periodSeconds: {{plan.ScaleOutCooldown}} }]
            scaleDown:
              stabilizationWindowSeconds: {{plan.ScaleInCooldown}}
              policies: [{ type: Pods, value: 1, periodSeconds: {{plan.ScaleInCooldown}} }]
        """.ReplaceLineEndings("\n") + "\n";

    static string DisruptionBudget(CapacityPlan plan, CapacityRequest r) => $$"""
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: {{r.Service}}
        spec:
          minAvailable: {{Math.Max(1, plan.MinInstances - 1)}}
          selector:
            matchLabels: { app: {{r.Service}} }
        """.ReplaceLineEndings("\n") + "\n";

    static string Keda(CapacityPlan plan, CapacityRequest r) => $$"""
        # Instead of hpa.yaml: KEDA makes an autoscaler of its own, and two of them would fight over the same Deployment.
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata:
          name: {{r.Service}}
        spec:
          scaleTargetRef: { name: {{r.Service}} }
          minReplicaCount: {{plan.MinInstances}}
          maxReplicaCount: {{plan.MaxInstances}}
          cooldownPeriod: {{plan.ScaleInCooldown}}
          advanced:
            horizontalPodAutoscalerConfig:
              behavior:
                scaleUp:
                  stabilizationWindowSeconds: {{plan.ScaleUpWindow}}
                  policies: [{ type: Percent, value: 100, periodSeconds: {{plan.ScaleOutCooldown}} }]
                scaleDown:
                  stabilizationWindowSeconds: {{plan.ScaleInCooldown}}
                  policies: [{ type: Pods, value: 1, periodSeconds: {{plan.ScaleInCooldown}} }]
          triggers:
            - type: cpu
              metricType: Utilization
              metadata: { value: "{{Number(r.TargetCpu * 100)}}" }
            - type: prometheus
              metadata:
                serverAddress: http://prometheus:9090
                query: sum(rate(http_server_request_duration_seconds_count{job="{{r.Service}}"}[2m]))
                threshold: "{{Number(Math.Floor(plan.RatePerInstance))}}"
        """.ReplaceLineEndings("\n") + "\n";

    static JsonObject AwsCpu(CapacityPlan plan, CapacityRequest r) => new()
    {
        ["TargetValue"] = Math.Round(r.TargetCpu * 100, 1),
        ["PredefinedMetricSpecification"] = new JsonObject { ["PredefinedMetricType"] = "ECSServiceAverageCPUUtilization" },
        ["ScaleOutCooldown"] = plan.ScaleOutCooldown,
        ["ScaleInCooldown"] = plan.ScaleInCooldown,
        ["DisableScaleIn"] = true,
    };

    /// <summary>The metric counts requests per target and minute, so the rate per second is multiplied by 60.</summary>
    static JsonObject AwsRequests(CapacityPlan plan) => new()
    {
        ["TargetValue"] = Math.Floor(plan.RatePerInstance * 60),
        ["PredefinedMetricSpecification"] = new JsonObject { ["PredefinedMetricType"] = "ALBRequestCountPerTarget", ["ResourceLabel"] = "app/LOAD_BALANCER/ID/targetgroup/TARGET_GROUP/ID" },
        ["ScaleOutCooldown"] = plan.ScaleOutCooldown,
        ["ScaleInCooldown"] = plan.ScaleInCooldown,
        ["DisableScaleIn"] = true,
    };

    /// <summary>
    /// Takes one instance away at the alarm. Target tracking's own scale-in begins at 90 % of its target, which with fewer than ten instances
    /// is more than what the others would have afterwards: it would add the instance again.
    /// </summary>
    static JsonObject AwsStep(CapacityPlan plan) => new()
    {
        ["AdjustmentType"] = "ChangeInCapacity",
        ["Cooldown"] = plan.ScaleInCooldown,
        ["MetricAggregationType"] = "Average",
        ["StepAdjustments"] = new JsonArray(new JsonObject { ["MetricIntervalUpperBound"] = 0, ["ScalingAdjustment"] = -1 }),
    };

    static JsonObject AwsAlarm(CapacityPlan plan, CapacityRequest r) => new()
    {
        ["AlarmName"] = $"{r.Service}-scale-in",
        ["Namespace"] = "AWS/ECS",
        ["MetricName"] = "CPUUtilization",
        ["Dimensions"] = new JsonArray(new JsonObject { ["Name"] = "ClusterName", ["Value"] = "CLUSTER" }, new JsonObject { ["Name"] = "ServiceName", ["Value"] = r.Service }),
        ["Statistic"] = "Average",
        ["Period"] = 60,
        ["EvaluationPeriods"] = 15,
        ["Threshold"] = plan.ScaleInCpu(r.TargetCpu),
        ["ComparisonOperator"] = "LessThanThreshold",
    };

    static JsonObject Gcp(CapacityPlan plan, CapacityRequest r) => new()
    {
        ["name"] = r.Service,
        ["target"] = $"zones/ZONE/instanceGroupManagers/{r.Service}",
        ["autoscalingPolicy"] = new JsonObject
        {
            ["minNumReplicas"] = plan.MinInstances,
            ["maxNumReplicas"] = plan.MaxInstances,
            ["coolDownPeriodSec"] = plan.ScaleOutCooldown,
            ["mode"] = "ON",
            ["cpuUtilization"] = new JsonObject { ["utilizationTarget"] = Math.Round(r.TargetCpu, 3) },
            ["loadBalancingUtilization"] = new JsonObject { ["utilizationTarget"] = Math.Round(r.TargetCpu, 3) },
            ["scaleInControl"] = new JsonObject { ["maxScaledInReplicas"] = new JsonObject { ["fixed"] = 1 }, ["timeWindowSec"] = plan.ScaleInCooldown },
        },
    };

    static string Nginx(CapacityRequest r)
    {
        var text = new StringBuilder($"upstream {r.Service} {{\n    {(r.Sticky ? "ip_hash" : "least_conn")};\n");
        foreach (var upstream in r.Upstreams)
        {
            if (upstream.AsSpan().ContainsAny(" ;{}\n\r\t"))
            {
                Throw.Invalid("upstream", upstream, "write host:port");
            }

            text.Append($"    server {upstream} max_fails=3 fail_timeout=30s;\n");
        }

        return text.Append($$"""
                keepalive 64;
            }

            server {
                listen {{r.Port}};

                location / {
                    proxy_pass http://{{r.Service}};
                    proxy_http_version 1.1;
                    proxy_set_header Connection "";
                    proxy_set_header Host $host;
                    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                    proxy_next_upstream error timeout http_502 http_503;
                }
            }

            """.ReplaceLineEndings("\n")).ToString();
    }

    static string Json(JsonObject value) => value.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true }) + "\n";

    static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    static string Quote(string text) => $"\"{text.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";
}
