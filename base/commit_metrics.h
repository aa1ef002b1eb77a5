#pragma once
// What both engines tell of their commits. Private to the engines.

#include <chrono>
#include <string>

#include "base/metrics.h"

namespace leadbridge {

struct CommitMetrics {
    // name: the database, "core" | "archive"
    CommitMetrics(Metrics& metrics, const std::string& name)
        : commits(metrics.counter("leadbridge_db_commits_total", "Durable commits", {{"db", name}})
          ),
          failures(metrics.counter(
              "leadbridge_db_failures_total",
              "Groups that failed and were not acknowledged",
              {{"db", name}}
          )),
          rows(metrics.histogram(
              "leadbridge_db_group_rows",
              "Rows and writes per commit",
              {1, 2, 5, 10, 20, 50, 100, 200, 512, 1000},
              {{"db", name}}
          )),
          seconds(metrics.histogram(
              "leadbridge_db_commit_seconds",
              "Time from BEGIN to the end of COMMIT",
              {0.0001,
               0.0002,
               0.0005,
               0.001,
               0.002,
               0.005,
               0.01,
               0.02,
               0.05,
               0.1,
               0.25,
               0.5,
               1,
               2,
               5},
              {{"db", name}}
          )) {}

    void observe(std::chrono::steady_clock::duration took, std::size_t group) {
        seconds.observe(std::chrono::duration<double>(took).count());
        rows.observe(static_cast<double>(group));
    }

    Counter& commits;
    Counter& failures;
    Histogram& rows;
    Histogram& seconds;
};

}  // namespace leadbridge
